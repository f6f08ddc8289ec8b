import { describe, expect, it } from "vitest";
import { createVault } from "./vault.ts";

const [older, newer] = ["the older of two secrets of this test", "the newer of two secrets of this test"] as const;

describe("the vault", () => {
  it("opens what it sealed, for the purpose that it was sealed for, each time under another text", async () => {
    const vault = createVault([newer]);
    const sealed = await vault.seal("trunk:a", "pässword");
    expect(await vault.open("trunk:a", sealed)).toBe("pässword");
    expect(await vault.seal("trunk:a", "pässword")).not.toBe(sealed);
    await expect(vault.open("trunk:b", sealed)).rejects.toThrow();
    await expect(vault.open("trunk:a", `${sealed.slice(0, -4)}AAAA`)).rejects.toThrow();
  });

  it("goes on with a new secret while the old one stands behind it", async () => {
    const before = createVault([older]);
    const sealed = await before.seal("trunk:a", "x");
    const after = createVault([newer, older]);
    expect(await after.open("trunk:a", sealed)).toBe("x");
    expect(after.hashes("1234")).toContain(before.hash("1234"));
    await expect(createVault([newer]).open("trunk:a", sealed)).rejects.toMatchObject({ code: "bad-setting" });
  });

  it("needs a secret", () =>
    expect(() => createVault([])).toThrow(expect.objectContaining({ code: "missing-secret" })));
});

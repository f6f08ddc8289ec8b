import { describe, expect, it } from "vitest";
import { bearerOf, joinToken, mayEnter } from "./access.ts";

const token = (payload: object) => {
  const binary = String.fromCharCode(...new TextEncoder().encode(JSON.stringify(payload)));
  return `e30.${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.sig`;
};

describe("mayEnter", () => {
  it("needs an invitation or a token where rooms are not open", () => {
    expect(mayEnter("open", {})).toBe(true);
    expect(mayEnter("invite", {})).toBe(false);
    expect(mayEnter("invite", { guest: "g" })).toBe(true);
    expect(mayEnter("token", { guest: "g" })).toBe(false);
    expect(mayEnter("token", { token: "t" })).toBe(true);
  });
});

describe("joinToken", () => {
  it("hands over an application's token as it is", async () => {
    expect(await joinToken("token", "room", { token: "jwt" }, "Ada")).toBe("jwt");
  });

  it("says that an invitation is missing without asking the server", async () => {
    await expect(joinToken("invite", "room", {}, "Ada")).rejects.toMatchObject({ code: "invitation-invalid" });
  });
});

describe("bearerOf", () => {
  it("reads names of any script, and what may be published", () => {
    const grants = { publish: ["mic"], chat: true };
    expect(bearerOf(token({ name: "ليلى العلي", grants }))).toEqual({ name: "ليلى العلي", publish: ["mic"] });
    expect(bearerOf(token({ grants: {} }))).toEqual({ publish: [] });
  });

  it("finds nothing where there is nothing", () => {
    expect(bearerOf(token({}))).toEqual({});
    expect(bearerOf(token({ name: 7 }))).toEqual({});
    expect(bearerOf("rubbish")).toEqual({});
  });
});

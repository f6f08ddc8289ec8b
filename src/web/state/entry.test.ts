import { describe, expect, it } from "vitest";
import { invitationLinks, linkForOthers, parseEntry, takeEntry } from "./entry.ts";
import { createShelf, type Shelf } from "./storage.ts";

function page(hash: string, shelf: Shelf = memory()) {
  const shown: string[] = [];
  const location = { hash, pathname: "/r/quiet-otter", search: "" };
  const history = {
    replaceState: (_state: unknown, _title: string, url?: string | URL | null) => shown.push(String(url)),
  };
  return { location, history, shelf, shown };
}

function memory(): Shelf {
  const kept = new Map<string, string>();
  return createShelf(
    () =>
      ({
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => kept.set(key, value),
        removeItem: (key: string) => kept.delete(key),
      }) as unknown as Storage,
  );
}

describe("takeEntry", () => {
  it("clears the address bar at once and finds the invitation again after a reload", () => {
    const first = page("#h=host-secret&g=guest-secret");
    expect(takeEntry("quiet-otter", first)).toEqual({ host: "host-secret", guest: "guest-secret" });
    expect(first.shown).toEqual(["/r/quiet-otter"]);
    expect(takeEntry("quiet-otter", page("", first.shelf))).toEqual({ host: "host-secret", guest: "guest-secret" });
  });

  it("keeps the invitations of two rooms apart", () => {
    const first = page("#g=secret");
    takeEntry("quiet-otter", first);
    expect(takeEntry("other", page("", first.shelf))).toEqual({});
  });

  it("lets a new link replace the old one", () => {
    const first = page("#h=old&g=old");
    takeEntry("quiet-otter", first);
    expect(takeEntry("quiet-otter", page("#g=new", first.shelf))).toEqual({ guest: "new" });
  });

  it("survives a storage that refuses and one that holds rubbish", () => {
    const refusing = createShelf(() => {
      throw new DOMException("denied", "SecurityError");
    });
    expect(takeEntry("quiet-otter", page("#g=secret", refusing))).toEqual({ guest: "secret" });
    const rubbish = memory();
    rubbish.set("entry.quiet-otter", "{");
    expect(takeEntry("quiet-otter", page("", rubbish))).toEqual({});
  });
});

describe("links", () => {
  it("are read back as they were written", () => {
    const links = invitationLinks("https://calls.example", "eu.room", "a+b/c=", "x&y");
    expect(parseEntry(new URL(links.host).hash)).toEqual({ host: "a+b/c=", guest: "x&y" });
    expect(parseEntry(new URL(links.guest).hash)).toEqual({ guest: "x&y" });
    expect(new URL(links.guest).pathname).toBe("/r/eu.room");
  });

  it("for others never carry the host's invitation or a token", () => {
    const entry = { host: "host-secret", guest: "guest-secret", token: "jwt" };
    const link = linkForOthers("https://calls.example", "room", entry, "invite") ?? "";
    expect(link).toContain("guest-secret");
    expect(link).not.toContain("host-secret");
    expect(linkForOthers("https://calls.example", "room", entry, "open")).toBe("https://calls.example/r/room");
    expect(linkForOthers("https://calls.example", "room", entry, "token")).toBeUndefined();
    expect(linkForOthers("https://calls.example", "room", { host: "only" }, "invite")).toBeUndefined();
  });

  it("ignore fragments that are not ours", () => {
    expect(parseEntry("#section")).toBeUndefined();
    expect(parseEntry("#constructor=1&g=")).toBeUndefined();
  });
});

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFolder } from "./folder.ts";
import { createOrderedStore } from "./ordered-store.ts";
import { PLAYLIST } from "./segmenter.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "tandem-folder-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = (path: string, onFailure: (error: Error) => void) =>
  createOrderedStore({ what: "the disk", taker: createFolder(path), onFailure });

describe("a broadcast's folder", () => {
  it("is emptied, filled in order, and never holds half a playlist", async () => {
    const path = join(root, "room", "live");
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "9.m4s"), "of yesterday");
    const folder = open(path, () => {});
    folder.write("1.m4s", Buffer.from("one"));
    folder.write(PLAYLIST, "first");
    folder.write("2.m4s", Buffer.from("two"));
    folder.write(PLAYLIST, "second");
    folder.remove("1.m4s");
    folder.remove("never-there.m4s");
    await folder.settled();
    expect((await readdir(path)).sort()).toEqual(["2.m4s", PLAYLIST]);
    expect(await readFile(join(path, PLAYLIST), "utf8")).toBe("second");
  });

  it("tells once that it can't be written, and takes no more", async () => {
    await writeFile(join(root, "file"), "");
    const failures: string[] = [];
    const folder = open(join(root, "file", "live"), error => failures.push(error.message));
    folder.write("1.m4s", Buffer.from("one"));
    folder.write("2.m4s", Buffer.from("two"));
    await folder.settled();
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/ENOTDIR|EEXIST/);
  });
});

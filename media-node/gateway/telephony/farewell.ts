import type { ClipName } from "../leg/clips.ts";

/** What telephones are told before a call ends for these reasons. */
const FAREWELLS: ReadonlyMap<string, ClipName> = new Map([
  ["locked", "locked"],
  ["room-full", "room-full"],
  ["no-such-room", "no-room"],
  ["room-closed", "no-room"],
  ["removed", "removed"],
]);
/** A farewell is cut off after so long (ms). */
const MOST = 10_000;

/** The last words of a call. */
export interface Farewell {
  /** @returns whether the call goes on until something is said, because of that reason */
  begin(reason: string): boolean;
  /** To be told of every clip that was played to its end. */
  said(clip: ClipName): void;
  close(): void;
}

/** @param say plays something @param done called when it was said, or took too long */
export function createFarewell(say: (clip: ClipName) => void, done: () => void): Farewell {
  let awaited: ClipName | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  return {
    begin(reason) {
      const clip = FAREWELLS.get(reason);
      if (clip === undefined) return false;
      // Both the room and the edge say that somebody was removed: the first reason is the one that is told.
      if (awaited !== undefined) return true;
      awaited = clip;
      timer = setTimeout(done, MOST);
      say(clip);
      return true;
    },
    said(clip) {
      if (clip === awaited) done();
    },
    close: () => clearTimeout(timer),
  };
}

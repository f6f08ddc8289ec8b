import { describe, expect, it } from "vitest";
import type { Participant, Self, Topology } from "../protocol/model.ts";
import { MIX_SOURCE } from "../protocol/names.ts";
import type { Surroundings } from "./core/index.ts";
import type { IncomingMedia, MediaPath, Wanted } from "./media-path.ts";
import { createPaths } from "./paths.ts";
import type { Session } from "./session/session.ts";

/** A world with a clock of its own. */
function createClock() {
  let now = 0;
  let timers: { at: number; callback: () => void }[] = [];
  const surroundings = {
    now: () => now,
    setTimer(callback: () => void, ms: number) {
      const timer = { at: now + ms, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter(other => other !== timer);
      };
    },
  } as Surroundings;
  return {
    surroundings,
    advance(ms: number) {
      const end = now + ms;
      for (;;) {
        const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers = timers.filter(other => other !== due);
        now = due.at;
        due.callback();
      }
      now = end;
    },
  };
}

type FakePath = Session & {
  name: string;
  media: Map<number, IncomingMedia>;
  log: string[];
  open: boolean;
  last?: Wanted;
};

/** A path that a test feeds. */
function createFakePath(name: string): FakePath {
  const media = new Map<number, IncomingMedia>();
  const path: FakePath = {
    name,
    media,
    log: [],
    open: true,
    sync(wanted) {
      path.last = wanted;
    },
    incoming: media,
    speakers: [7],
    withheld: () => undefined,
    connectionTo: pid => (path.open && pid !== "p_new" ? "connected" : "none"),
    get connections() {
      return path.open ? [{ pid: undefined, connection: {} as RTCPeerConnection }] : [];
    },
    receive: signal => void path.log.push(signal.type),
    resumed: () => void path.log.push("resumed"),
    networkChanged: () => void path.log.push("network"),
    wish: () => void path.log.push("wish"),
    listen: to => void path.log.push(`listen ${to}`),
    retire: () => void path.log.push("retire"),
    close() {
      if (path.open) path.log.push("close");
      path.open = false;
    },
  };
  return path;
}

const media = (muted = false): IncomingMedia => ({ track: { muted } as MediaStreamTrack, stream: {} as MediaStream });
const participant = (pid: string, number: number, muted = false): Participant =>
  ({ pid, number, sources: [{ number: number * 16, kind: "mic", muted }] }) as unknown as Participant;

const topology = (current: string, epoch?: number): Topology => ({
  setting: "auto",
  reason: "few",
  current,
  ...(epoch !== undefined && { epoch }),
});

function setUp(others: Participant[] = [participant("p_bob", 2)]) {
  const clock = createClock();
  const made: FakePath[] = [];
  const make = (name: string): FakePath => {
    const path = createFakePath(name);
    made.push(path);
    return path;
  };
  let changes = 0;
  const paths = createPaths({
    surroundings: clock.surroundings,
    startMesh: (): MediaPath => make("mesh"),
    startSession: epoch => make(`session ${epoch}`),
    changed: () => changes++,
  });
  const wanted = (pid = "p_ada"): Wanted => ({ you: { pid } as Self, participants: others, sources: [] });
  return { ...clock, paths, made, wanted, changes: () => changes };
}

describe("media's way", () => {
  it("is the one that the topology names, and none where it names none", () => {
    const { paths, made, wanted } = setUp();
    paths.sync(wanted(), topology("mesh"));
    paths.sync(wanted(), topology("mesh"));
    expect(made.map(({ name }) => name)).toEqual(["mesh"]);
    paths.sync(wanted(), topology("none"));
    expect(made[0]?.log).toEqual(["close"]);
    paths.sync(wanted(), topology("sfu", 1));
    expect(made.map(({ name }) => name)).toEqual(["mesh", "session 1"]);
  });

  it("changes only when the new one carries all that the old one does, muted sources aside", () => {
    const others = [participant("p_bob", 2), participant("p_cyd", 3), participant("p_dan", 4, true)];
    const { paths, made, wanted, advance } = setUp(others);
    paths.sync(wanted(), topology("mesh"));
    const mesh = made[0] as FakePath;
    for (const { number } of others) mesh.media.set(number * 16, media());
    paths.sync(wanted(), topology("sfu", 1));
    const session = made[1] as FakePath;
    expect(paths.media(32)).toBe(mesh.media.get(32));
    session.media.set(32, media(true));
    expect(paths.media(32), "nothing flows there yet").toBe(mesh.media.get(32));
    session.media.set(32, media());
    expect(paths.media(32)).toBe(session.media.get(32));
    advance(1_000);
    expect(mesh.log).toEqual([]);
    session.media.set(48, media());
    advance(1_000);
    expect(mesh.log).toEqual(["retire"]);
    expect(paths.connections.length).toBe(2);
    mesh.open = false;
    advance(1_000);
    expect(paths.connections.length).toBe(1);
  });

  it("takes the mix for everything, and everybody's microphone for the mix", () => {
    const others = [participant("p_bob", 2), participant("p_cyd", 3)];
    const { paths, made, wanted, advance } = setUp(others);
    paths.sync(wanted(), topology("mesh"));
    for (const { number } of others) made[0]?.media.set(number * 16, media());
    paths.sync(wanted(), topology("mcu", 1));
    advance(1_000);
    expect(made[0]?.log).toEqual([]);
    made[1]?.media.set(MIX_SOURCE, media());
    advance(1_000);
    expect(made[0]?.log).toEqual(["retire"]);
    expect(paths.media(MIX_SOURCE)).toBe(made[1]?.media.get(MIX_SOURCE));
    expect(paths.speakers).toEqual([7]);

    paths.sync(wanted(), topology("sfu", 2));
    made[2]?.media.set(32, media());
    advance(1_000);
    expect(made[1]?.log).toEqual([]);
    made[2]?.media.set(48, media());
    advance(1_000);
    expect(made[1]?.log).toEqual(["retire"]);
  });

  it("gives the old one up after a while, whatever the new one lacks", () => {
    const { paths, made, wanted, advance } = setUp();
    paths.sync(wanted(), topology("sfu", 1));
    made[0]?.media.set(32, media());
    paths.sync(wanted(), topology("sfu", 2));
    advance(14_900);
    expect(made[0]?.log).toEqual([]);
    advance(200);
    expect(made[0]?.log).toEqual(["close"]);
  });

  it("brings newcomers by the new one alone", () => {
    const others = [participant("p_bob", 2)];
    const { paths, made, wanted } = setUp(others);
    paths.sync(wanted(), topology("mesh"));
    made[0]?.media.set(32, media());
    others.push(participant("p_new", 3));
    paths.sync(wanted(), topology("sfu", 1));
    expect(made[0]?.last?.participants.map(({ pid }) => pid)).toEqual(["p_bob"]);
    expect(made[1]?.last?.participants.length).toBe(2);
  });

  it("begins anew for somebody new, and never runs two meshes", () => {
    const { paths, made, wanted } = setUp();
    paths.sync(wanted(), topology("sfu", 1));
    paths.sync(wanted("p_other"), topology("sfu", 1));
    expect(made.length).toBe(2);
    paths.sync(wanted("p_other"), topology("mesh"));
    paths.sync(wanted("p_other"), topology("sfu", 2));
    paths.sync(wanted("p_other"), topology("mesh"));
    expect(made.filter(({ name, open }) => name === "mesh" && open).length).toBe(1);
  });

  it("keeps how the others are to be heard for the next session", () => {
    const { paths, made, wanted } = setUp();
    paths.listen("mix");
    paths.sync(wanted(), topology("sfu", 1));
    paths.listen(null);
    expect(made[0]?.log).toEqual(["listen mix", "listen null"]);
  });

  it("keeps wishes for the next session, and passes signals to whoever may want them", () => {
    const { paths, made, wanted } = setUp();
    paths.wish([{ source: 33 }]);
    paths.sync(wanted(), topology("sfu", 1));
    expect(made[0]?.log).toEqual(["wish"]);
    paths.receive({ type: "peer.done", from: "p_bob" });
    paths.resumed();
    paths.networkChanged();
    expect(made[0]?.log).toEqual(["wish", "peer.done", "resumed", "network"]);
    paths.close();
    paths.close();
    expect(made[0]?.log.filter(entry => entry === "close").length).toBe(1);
  });
});

import { describe, expect, it } from "vitest";
import { ERRORS, type LinkCommand, TandemError } from "../../src/protocol/index.ts";
import { createLog } from "../log.ts";
import { createBackoff } from "./backoff.ts";
import { createLink, inventoryPages } from "./link.ts";
import type { LinkSocketListener, Surroundings } from "./surroundings.ts";

/** A world with a clock of its own and an edge that the test plays. */
function createWorld() {
  let now = 0;
  const timers = new Set<{ at: number; callback: () => void }>();
  const dials: {
    url: string;
    protocols: readonly string[];
    sent: Record<string, unknown>[];
    pings: number;
    closed: boolean;
    edge: LinkSocketListener;
  }[] = [];
  const surroundings: Surroundings = {
    openSocket(url, protocols, edge) {
      const dial = { url, protocols, sent: [] as Record<string, unknown>[], pings: 0, closed: false, edge };
      dials.push(dial);
      return {
        send(text) {
          if (text === "ping") dial.pings++;
          else dial.sent.push(JSON.parse(text) as Record<string, unknown>);
        },
        close() {
          dial.closed = true;
        },
      };
    },
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return {
    surroundings,
    dials,
    settle,
    async advance(ms: number) {
      const end = now + ms;
      for (;;) {
        await settle();
        const due = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers.delete(due);
        now = due.at;
        due.callback();
      }
      now = end;
      await settle();
    },
  };
}

const command: LinkCommand = { type: "probe", id: 7, room: "demo", life: "lifelife", epoch: 1 };

function setUp() {
  const world = createWorld();
  const kept: unknown[] = [];
  const obeyed: unknown[] = [];
  const armed: unknown[] = [];
  let execute: () => Promise<{ answer?: { sdp: string }; turn?: string[] }> = async () => ({});
  const link = createLink({
    edge: "http://127.0.0.1:1",
    protocols: async () => ["tandem-link.v1", "bearer.x"],
    surroundings: world.surroundings,
    log: createLog("error", {}, () => {}),
    backoff: createBackoff({ random: () => 1 }),
    host: {
      hello: () => ({
        features: [],
        software: "test",
        region: "",
        capacity: 1,
        addresses: [],
        load: 0,
        rooms: 0,
        sessions: 0,
        draining: false,
      }),
      load: () => ({ load: 0.5, rooms: 1, sessions: 2, draining: false }),
      inventory: () => [{ room: "demo", life: "lifelife", epoch: 1, sessions: ["p_12345678"] }],
      keep: assignments => kept.push(assignments),
      execute: () => execute(),
      async obey(command) {
        obeyed.push(command);
      },
      welcomed: ({ turn }) => armed.push(turn?.secrets),
    },
  });
  const say = (frame: unknown): void => world.dials.at(-1)?.edge.message(JSON.stringify(frame));
  return {
    ...world,
    link,
    kept,
    obeyed,
    armed,
    say,
    setExecute: (with_: typeof execute) => {
      execute = with_;
    },
    async welcome(turn?: { secrets: string[] }) {
      await world.settle();
      world.dials.at(-1)?.edge.open();
      say({ type: "welcome", node: "n1", features: [], turn });
    },
  };
}

describe("the link", () => {
  it("says hello, then its inventory once welcomed, then its load, and lets go of what the edge does not keep", async () => {
    const { welcome, dials, advance, say, kept } = setUp();
    await welcome();
    await advance(5_000);
    expect(dials[0]?.url).toBe("ws://127.0.0.1:1/v1/nodes/connect");
    expect(dials[0]?.sent.map(({ type }) => type)).toEqual(["hello", "inventory", "load"]);
    say({ type: "keep", part: 0, last: false, rooms: [{ room: "a", life: "lifelife", epoch: 1 }] });
    say({ type: "keep", part: 1, last: true, rooms: [{ room: "b", life: "lifelife", epoch: 2 }] });
    expect(kept).toEqual([
      [
        { room: "a", life: "lifelife", epoch: 1 },
        { room: "b", life: "lifelife", epoch: 2 },
      ],
    ]);
  });

  it("answers commands by id, with the code of what went wrong and nothing internal", async () => {
    const { welcome, dials, say, setExecute, settle } = setUp();
    await welcome();
    say(command);
    await settle();
    setExecute(async () => {
      throw new TandemError("media-offer", "line 3");
    });
    say({ ...command, id: 8 });
    await settle();
    setExecute(async () => {
      throw new Error("secret path");
    });
    say({ ...command, id: 9 });
    say({ type: "from.the.future", id: 10 });
    say({ ...command, id: 11, epoch: "x" });
    say({ type: "news" });
    await settle();
    expect(dials[0]?.sent.slice(2)).toEqual([
      { type: "done", id: 7 },
      { type: "failed", id: 8, code: "media-offer", detail: "line 3" },
      { type: "failed", id: 10, code: "unknown-command" },
      { type: "failed", id: 11, code: "bad-request" },
      { type: "failed", id: 9, code: "internal" },
    ]);
  });

  it("dials again at once, then ever later, and never answers a command on another link than asked", async () => {
    const { welcome, dials, advance, say, setExecute, link } = setUp();
    await welcome();
    const answer = Promise.withResolvers<{ answer?: { sdp: string } }>();
    setExecute(() => answer.promise);
    say(command);
    dials[0]?.edge.closed(1006);
    await advance(0);
    expect(dials.length).toBe(2);
    answer.resolve({});
    await advance(0);
    expect(dials[1]?.sent).toEqual([]);
    dials[1]?.edge.closed(1006);
    await advance(249);
    expect(dials.length).toBe(2);
    await advance(1);
    expect(dials.length).toBe(3);
    dials[2]?.edge.closed(1006);
    await advance(500);
    expect(dials.length).toBe(4);
    link.close();
    await advance(100_000);
    expect(dials.length).toBe(4);
  });

  it("hands TURN's secrets on at every welcome, and what it is told of identities", async () => {
    const { welcome, dials, advance, say, setExecute, obeyed, armed } = setUp();
    await welcome({ secrets: ["north"] });
    const revoke = { type: "turn.revoke", id: 8, identity: "ann", until: 1_800_000_000 };
    say(revoke);
    await advance(0);
    expect(obeyed).toEqual([revoke]);
    expect(dials[0]?.sent.at(-1)).toEqual({ type: "done", id: 8 });
    say({ ...revoke, id: 9, identity: "" });
    await advance(0);
    expect(dials[0]?.sent.at(-1)).toMatchObject({ type: "failed", id: 9, code: "bad-request" });
    setExecute(async () => ({ turn: ["turn:192.0.2.1:7000?transport=udp"] }));
    say(command);
    await advance(0);
    expect(dials[0]?.sent.at(-1)).toEqual({ type: "done", id: 7, turn: ["turn:192.0.2.1:7000?transport=udp"] });
    dials[0]?.edge.closed(1006);
    await advance(250);
    await welcome();
    expect(armed).toEqual([["north"], undefined]);
    expect(obeyed.length).toBe(1);
  });

  it("notices a dead link by an unanswered ping", async () => {
    const { welcome, dials, advance } = setUp();
    await welcome();
    await advance(10_000);
    expect(dials[0]?.pings).toBe(1);
    dials[0]?.edge.message("pong");
    await advance(10_000);
    expect(dials[0]?.closed).toBe(false);
    await advance(5_000);
    expect(dials[0]?.closed).toBe(true);
    expect(dials.length).toBe(2);
  });

  it("waits a minute where it is refused for good, and still goes on", async () => {
    const { dials, advance, settle } = setUp();
    await settle();
    dials[0]?.edge.closed(ERRORS["token-invalid"].close);
    await advance(59_999);
    expect(dials.length).toBe(1);
    await advance(1);
    expect(dials.length).toBe(2);
  });

  it("cuts a large inventory into pages that hold every room once", () => {
    const rooms = Array.from({ length: 900 }, (_, index) => ({
      room: `r${index}`,
      life: "lifelife",
      epoch: 1,
      sessions: Array.from({ length: index % 7 }, (_, n) => `p_0000000${n}`),
    }));
    const pages = inventoryPages(rooms);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flatMap(page => page.rooms)).toEqual(rooms);
    expect(pages.filter(page => page.last)).toEqual([pages.at(-1)]);
    for (const page of pages) expect(JSON.stringify(page).length).toBeLessThan(256 * 1024);
    expect(inventoryPages([])).toEqual([{ type: "inventory", part: 0, last: true, rooms: [] }]);
  });
});

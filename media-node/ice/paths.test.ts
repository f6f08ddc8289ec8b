import { describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_CLASS } from "../stun/constants.ts";
import { shortTermKey } from "../stun/credentials.ts";
import { verifyFingerprint, verifyIntegrity } from "../stun/integrity.ts";
import { attributeText, findAttribute } from "../stun/message.ts";
import { MAX_PATHS } from "./paths.ts";
import { type Bench, createBench, REMOTE, read } from "./peer.testing.ts";
import { ICE_RESULT } from "./types.ts";

/** A bench whose session runs on path 1. */
function connected(): Bench {
  const bench = createBench();
  bench.check(1, { nominate: true });
  bench.agent.dtlsFinished(1, 1, 0);
  expect(bench.agent.selected).toBe(1);
  bench.advance(2_000);
  bench.check(1, { nominate: true });
  bench.flush();
  return bench;
}

/** Path and first byte pair of each message sent. */
function sentRequests(bench: Bench): number[] {
  return bench.sent.filter(({ bytes }) => bytes[0] === 0 && bytes[1] === 1).map(({ path }) => path);
}

describe("the first path", () => {
  it("may carry DTLS after a valid check, and media once DTLS finished there", () => {
    const bench = createBench();
    expect(bench.agent.accepts(1)).toBe(false);
    bench.check(1, { nominate: true });
    expect(bench.agent.accepts(1)).toBe(true);
    expect(bench.agent.selected).toBe(-1);
    bench.agent.dtlsFinished(1, 1, 10);
    expect(bench.events).toEqual(["valid 1", "selected 1"]);
    expect(sentRequests(bench)).toEqual([]);
  });

  it("is the one where DTLS finished, even if nothing was nominated yet", () => {
    const bench = createBench();
    bench.check(1);
    bench.check(2);
    bench.agent.dtlsFinished(2, 2, 10);
    expect(bench.agent.selected).toBe(2);
  });

  it("has to answer a request if the handshake came from two addresses: a Finished can be sent from a forged one", () => {
    const bench = createBench();
    bench.check(1, { nominate: true });
    bench.check(2);
    bench.agent.dtlsFinished(1, 2, 10);
    expect(bench.agent.selected).toBe(-1);
    expect(sentRequests(bench)).toEqual([1]);
    expect(bench.respond(1)).toBe(ICE_RESULT.proved);
    expect(bench.agent.selected).toBe(1);
  });

  it("carries on if another was nominated meanwhile, until that one has answered", () => {
    const bench = createBench();
    bench.check(1, { nominate: true });
    bench.advance(1_500);
    bench.check(2, { nominate: true });
    bench.agent.dtlsFinished(1, 1, bench.now);
    expect(bench.agent.selected).toBe(1);
    expect(sentRequests(bench)).toEqual([2]);
    bench.respond(2);
    expect(bench.events).toEqual(["valid 1", "valid 2", "selected 1", "selected 2"]);
  });
});

describe("nomination", () => {
  it("of a burst lets the best pair win, in whatever order the checks come (aggressive)", () => {
    for (const order of [
      [1, 2, 3],
      [3, 2, 1],
      [2, 3, 1],
    ]) {
      const bench = createBench();
      for (const path of order) {
        bench.check(path, { nominate: true, priority: path === 2 ? 2_000_000_000 : 1_000_000_000 + path });
        bench.advance(50);
      }
      bench.agent.dtlsFinished(1, 1, bench.now);
      expect(sentRequests(bench)).toEqual([2]);
    }
  });

  it("later lets the latest win, whatever its priority (regular)", () => {
    const bench = connected();
    bench.check(2, { nominate: true, priority: 1 });
    bench.respond(2);
    expect(bench.agent.selected).toBe(2);
    bench.check(1, { nominate: true, priority: 1 });
    expect(bench.agent.selected).toBe(1);
  });

  it("is needed: checks on a second path alone move nothing while the first one lives", () => {
    const bench = connected();
    bench.check(2, { priority: 2 ** 31 });
    bench.advance(2_000);
    bench.check(1);
    bench.check(2, { priority: 2 ** 31 });
    expect(sentRequests(bench)).toEqual([]);
    expect(bench.agent.selected).toBe(1);
  });

  it("is not needed if the selected path fell silent: the peer's NAT gave it another port", () => {
    const bench = connected();
    bench.advance(5_000);
    bench.check(2);
    expect(bench.respond(2)).toBe(ICE_RESULT.proved);
    expect(bench.agent.selected).toBe(2);
  });
});

describe("proof of address", () => {
  it("asks with the peer's credentials, in the controlled role", () => {
    const bench = connected();
    bench.check(2, { nominate: true });
    expect(bench.sent.map(({ path }) => path)).toEqual([2, 2]);
    const { message } = read(bench.sent[1]);
    expect(message.class).toBe(STUN_CLASS.request);
    expect(attributeText(message, STUN_ATTRIBUTE.username)).toBe(`${REMOTE.ufrag}:${bench.agent.local.ufrag}`);
    expect(findAttribute(message, STUN_ATTRIBUTE.iceControlled)).toBeGreaterThan(0);
    expect(findAttribute(message, STUN_ATTRIBUTE.priority)).toBeGreaterThan(0);
    expect(findAttribute(message, STUN_ATTRIBUTE.useCandidate)).toBe(-1);
    expect(verifyIntegrity(message, shortTermKey(REMOTE.password)!)).toBe(true);
    expect(verifyFingerprint(message)).toBe(true);
    expect(bench.agent.selected).toBe(1);
  });

  it("takes only a signed success, from that path, to that request", () => {
    const bench = connected();
    bench.check(2, { nominate: true });
    bench.check(3);
    expect(bench.respond(3)).toBe(ICE_RESULT.strayResponse);
    expect(bench.respond(1)).toBe(ICE_RESULT.strayResponse);
    expect(bench.respond(9)).toBe(ICE_RESULT.strayResponse);
    expect(bench.respond(2, { class: STUN_CLASS.error })).toBe(ICE_RESULT.strayResponse);
    expect(bench.respond(2, { password: bench.agent.local.password })).toBe(ICE_RESULT.strayResponse);
    expect(bench.agent.selected).toBe(1);
    expect(bench.respond(2)).toBe(ICE_RESULT.proved);
    expect(bench.respond(2)).toBe(ICE_RESULT.strayResponse);
    expect(bench.agent.selected).toBe(2);
  });

  it("is asked for once more after 500 ms, and again with the peer's later checks", () => {
    const bench = connected();
    bench.check(2, { nominate: true });
    bench.advance(499);
    expect(sentRequests(bench)).toEqual([2]);
    bench.advance(3_000);
    expect(sentRequests(bench)).toEqual([2, 2]);
    bench.check(2);
    expect(sentRequests(bench)).toEqual([2, 2, 2]);
    bench.respond(2);
    expect(bench.agent.selected).toBe(2);
    bench.flush();
    bench.advance(2_000);
    expect(sentRequests(bench)).toEqual([]);
  });

  it("of a path that is nominated no longer doesn't move media", () => {
    const bench = connected();
    bench.check(2, { nominate: true });
    const asked = bench.sent.at(-1)!;
    bench.check(1, { nominate: true });
    bench.sent.push(asked);
    expect(bench.respond(2)).toBe(ICE_RESULT.proved);
    expect(bench.agent.selected).toBe(1);
  });

  it("sends a forged source at most three times what was sent in its name", () => {
    const bench = connected();
    const sizes = [0, 0];
    for (let i = 0; i < 200; i++) {
      bench.flush();
      bench.check(2, { nominate: true });
      bench.advance(i % 7 === 0 ? 1_000 : 60);
      sizes[0]! += 108;
      for (const { path, bytes } of bench.sent) if (path === 2) sizes[1]! += bytes.length;
      bench.check(1);
    }
    expect(sizes[1]! / sizes[0]!).toBeLessThanOrEqual(3);
    expect(bench.agent.selected).toBe(1);
  });
});

describe("the table of paths", () => {
  it("is bounded: the least recently heard ones make room, never the selected and the nominated one", () => {
    const bench = connected();
    bench.check(2, { nominate: true });
    bench.flush();
    for (let path = 3; path < 3 + 2 * MAX_PATHS; path++) {
      bench.advance(1);
      bench.check(path);
    }
    const forgotten = bench.events.filter(event => event.startsWith("forgotten"));
    expect(forgotten.length).toBe(2 + 2 * MAX_PATHS - MAX_PATHS);
    expect(forgotten[0]).toBe("forgotten 3");
    expect(bench.agent.accepts(1)).toBe(true);
    expect(bench.agent.accepts(2)).toBe(true);
    expect(bench.agent.accepts(3)).toBe(false);
    expect(bench.agent.accepts(2 + 2 * MAX_PATHS)).toBe(true);
  });

  it("forgets a path without a sign of life for 30 s; media stops if it was the selected one", () => {
    const bench = connected();
    bench.check(2);
    for (let i = 0; i < 20; i++) {
      bench.advance(2_000);
      bench.agent.heard(2, bench.now);
    }
    expect(bench.events).toEqual(["valid 2", "selected -1", "forgotten 1"]);
  });

  it("keeps a selected path alive by media alone", () => {
    const bench = connected();
    for (let i = 0; i < 60; i++) {
      bench.advance(1_000);
      bench.agent.heard(1, bench.now);
    }
    expect(bench.events).toEqual([]);
    expect(bench.agent.selected).toBe(1);
  });

  it("lets go of a closed connection, and takes its id anew", () => {
    const bench = connected();
    bench.agent.pathClosed(1);
    bench.agent.pathClosed(1);
    expect(bench.events).toEqual(["selected -1"]);
    expect(bench.agent.accepts(1)).toBe(false);
    bench.check(1, { nominate: true });
    expect(bench.agent.selected).toBe(-1);
    bench.respond(1);
    expect(bench.agent.selected).toBe(1);
  });
});

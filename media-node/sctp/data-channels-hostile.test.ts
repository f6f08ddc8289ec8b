import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_RUNS, FUZZ_TIMEOUT } from "../testing/fuzz.ts";
import { BEGIN, END, encodeData, encodeForwardTsn, encodeInit, encodeSack, UNORDERED } from "./chunks.ts";
import { Ppid } from "./dcep.ts";
import { ChunkType, u32, writeChunk, writePacket, writeParameter } from "./packet.ts";
import { RECEIVE_WINDOW } from "./receiver.ts";
import { plus } from "./serial.ts";
import { encodeOpen } from "./testing/pair.ts";
import { createRawPeer, PEER_TSN, type RawPeer } from "./testing/raw-peer.ts";

const fragment = (offset: number, flags: number, size = 1_000, stream = 0) =>
  encodeData({ flags, tsn: plus(PEER_TSN, offset), stream, ssn: 0, ppid: Ppid.binary, payload: Buffer.alloc(size) });

/** The receive window that our latest SACK advertises. */
function windowOf(peer: RawPeer): number {
  peer.inject(fragment(0, BEGIN));
  return peer
    .taken()
    .findLast(({ type }) => type === ChunkType.sack)!
    .value.readUInt32BE(4);
}

describe("memory stays bounded against a peer that", () => {
  it("never closes the first gap", () => {
    const peer = createRawPeer();
    for (let offset = 1; offset < 2_000; offset++) peer.inject(fragment(offset, BEGIN));
    expect(windowOf(peer)).toBeLessThan(2_000);
    expect(windowOf(peer)).toBeGreaterThanOrEqual(0);
  });

  it("sends single bytes with gaps between them", () => {
    const peer = createRawPeer();
    for (let offset = 1; offset < 16_000; offset += 2) peer.inject(fragment(offset, BEGIN, 1));
    expect(windowOf(peer)).toBeGreaterThan(RECEIVE_WINDOW - 513 * 65 - 2_000);
  });

  it("never ends a message: the association is aborted at the maximum size", () => {
    const peer = createRawPeer();
    for (let offset = 0; offset < 100; offset++) peer.inject(fragment(offset, offset === 0 ? BEGIN : 0));
    expect(peer.heard).toEqual([["closed", "message-too-large"]]);
    expect(peer.taken().at(-1)?.type).toBe(ChunkType.abort);
    expect(peer.channels.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  });

  it("uses sequence numbers that will never be in turn", () => {
    const peer = createRawPeer();
    for (let offset = 0; offset < 2_000; offset++) {
      const chunk = { flags: BEGIN | END, tsn: plus(PEER_TSN, offset), stream: 0, ssn: 5 + offset, ppid: Ppid.binary };
      peer.inject(encodeData({ ...chunk, payload: Buffer.alloc(1_000) }));
    }
    const sack = peer.taken().findLast(({ type }) => type === ChunkType.sack)!;
    expect(sack.value.readUInt32BE(4)).toBeLessThan(2_000);
    expect(peer.heard).toEqual([]);
  });

  it("opens every channel there is, or sends on streams beyond those offered", () => {
    const peer = createRawPeer();
    for (let offset = 0; offset < 2_000; offset++) {
      const chunk = { flags: BEGIN | END, tsn: plus(PEER_TSN, offset), stream: offset + 1, ssn: 0, ppid: Ppid.dcep };
      peer.inject(encodeData({ ...chunk, payload: encodeOpen({}) }));
    }
    expect(peer.heard.length).toBe(15);
    expect(peer.channels.counters.refusedChannels).toBe(1_023 - 15);
  });
});

describe("what makes no sense is dropped:", () => {
  it("packets with another tag, with INIT among others, or without a proper checksum", () => {
    const peer = createRawPeer();
    const heartbeat = writeChunk(ChunkType.heartbeat, 0, Buffer.alloc(8));
    const init = encodeInit(ChunkType.init, {
      tag: 1,
      window: 1,
      outboundStreams: 1,
      inboundStreams: 1,
      initialTsn: 1,
    });
    peer.channels.handle(writePacket((peer.tag ^ 1) >>> 0, [heartbeat]), 0);
    peer.channels.handle(writePacket(0, [init, heartbeat]), 0);
    peer.channels.handle(writePacket(peer.tag, [init]), 0);
    peer.channels.handle(writePacket(peer.tag, [heartbeat]).subarray(0, 20), 0);
    expect(peer.channels.counters.droppedPackets).toBe(4);
    expect(peer.taken()).toEqual([]);
    peer.inject(heartbeat);
    expect(peer.taken().map(({ type }) => type)).toEqual([ChunkType.heartbeatAck]);
  });

  it("a late INIT, a wrong cookie, SACKs for what was never sent", () => {
    const peer = createRawPeer();
    const init = encodeInit(ChunkType.init, {
      tag: 1,
      window: 1,
      outboundStreams: 1,
      inboundStreams: 1,
      initialTsn: 1,
    });
    peer.channels.handle(writePacket(0, [init]), 0);
    peer.inject(writeChunk(ChunkType.cookieEcho, 0, Buffer.alloc(16)));
    peer.channels.send(0, "x", 0);
    peer.taken();
    peer.inject(encodeSack({ cumulativeTsn: plus(peer.ourTsn, 5), window: 9_999, gaps: [] }));
    peer.inject(encodeSack({ cumulativeTsn: plus(peer.ourTsn, -9), window: 9_999, gaps: [[1, 65_535]] }));
    expect(peer.channels.bufferedBytes).toBe(1);
    peer.inject(encodeSack({ cumulativeTsn: peer.ourTsn, window: 9_999, gaps: [] }));
    expect(peer.channels.bufferedBytes).toBe(0);
    expect(peer.taken()).toEqual([]);
  });

  it("messages for no channel or of an unknown kind", () => {
    const peer = createRawPeer();
    const chunk = { flags: BEGIN | END, ssn: 0, payload: Buffer.alloc(3) };
    peer.inject(encodeData({ ...chunk, tsn: PEER_TSN, stream: 9, ppid: Ppid.binary }));
    peer.inject(encodeData({ ...chunk, tsn: plus(PEER_TSN, 1), stream: 0, ppid: 99 }));
    expect(peer.channels.counters.droppedMessages).toBe(2);
    expect(peer.heard).toEqual([]);
  });

  it("unknown chunks and parameters; a peer's request to reset other things is denied", () => {
    const peer = createRawPeer();
    peer.inject(writeChunk(99, 0, Buffer.alloc(9)), writeChunk(200, 0), writeChunk(9, 0));
    peer.inject(writeChunk(ChunkType.reConfig, 0, writeParameter(17, u32(PEER_TSN, 0))));
    const [response, ...rest] = peer.taken();
    expect(rest).toEqual([]);
    expect([response!.value.readUInt16BE(0), response!.value.readUInt32BE(8)]).toEqual([16, 2]);
  });
});

describe("a peer's window", () => {
  it("of zero is probed with one chunk at a time, and obeyed", () => {
    const peer = createRawPeer();
    peer.channels.send(0, Buffer.alloc(10), 0);
    peer.taken();
    peer.inject(encodeSack({ cumulativeTsn: peer.ourTsn, window: 0, gaps: [] }));
    peer.channels.send(0, Buffer.alloc(5_000), 0);
    expect(peer.taken().filter(({ type }) => type === ChunkType.data).length).toBe(1);
    for (let tick = 0; tick < 3; tick++) {
      peer.channels.tick(peer.channels.nextTimeout());
      expect(peer.taken().filter(({ type }) => type === ChunkType.data).length).toBe(1);
    }
    peer.inject(encodeSack({ cumulativeTsn: plus(peer.ourTsn, 1), window: 100_000, gaps: [] }));
    expect(peer.taken().filter(({ type }) => type === ChunkType.data).length).toBeGreaterThan(0);
  });
});

describe("random chunks", () => {
  const types = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 192, 255);
  const anyChunk = fc
    .record({ type: types, flags: fc.nat(255), value: fc.uint8Array({ maxLength: 40 }) })
    .map(({ type, flags, value }) => writeChunk(type, flags, value));
  const offsets = fc.integer({ min: -3, max: 30 });
  const plausible = fc.oneof(
    fc
      .record({
        at: offsets,
        flags: fc.nat(15),
        stream: fc.nat(3),
        ssn: fc.nat(4),
        size: fc.integer({ min: 1, max: 90 }),
      })
      .map(({ at, flags, stream, ssn, size }) =>
        encodeData({ flags, tsn: plus(PEER_TSN, at), stream, ssn, ppid: Ppid.binary, payload: Buffer.alloc(size) }),
      ),
    fc
      .record({ at: offsets, stream: fc.nat(3), ssn: fc.nat(4) })
      .map(({ at, stream, ssn }) => encodeForwardTsn({ cumulativeTsn: plus(PEER_TSN, at), skips: [[stream, ssn]] })),
    fc.record({ at: offsets, from: fc.nat(9), to: fc.nat(9) }).map(
      ({ at, from, to }) =>
        (tsn: number) =>
          encodeSack({ cumulativeTsn: plus(tsn, at), window: Math.abs(at) * 500, gaps: [[from, to]] }),
    ),
    fc
      .record({ at: offsets, last: offsets })
      .map(({ at, last }) => writeChunk(130, 0, writeParameter(13, u32(plus(PEER_TSN, at), 0, plus(PEER_TSN, last))))),
  );

  it("never throw, never leave a timer in the past, never confuse the books", { timeout: FUZZ_TIMEOUT }, () => {
    const steps = fc.array(fc.oneof(anyChunk, plausible, fc.constant("tick" as const), fc.constant("send" as const)), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, list => {
        const peer = createRawPeer();
        let now = 0;
        for (const step of list) {
          if (step === "send") peer.channels.send(0, Buffer.alloc(UNORDERED * 300), now);
          else if (step === "tick") {
            const at = peer.channels.nextTimeout();
            if (at < Number.POSITIVE_INFINITY) {
              now = Math.max(now, at);
              peer.channels.tick(now);
            }
          } else
            peer.channels.handle(writePacket(peer.tag, [typeof step === "function" ? step(peer.ourTsn) : step]), now);
          expect(peer.channels.nextTimeout()).toBeGreaterThanOrEqual(now);
          expect(peer.channels.bufferedBytes).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: FUZZ_RUNS / 40 },
    );
  });
});

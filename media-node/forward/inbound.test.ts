import { describe, expect, it } from "vitest";
import { CODECS } from "../codec/codecs.ts";
import { createExtensionMap } from "../rtp/header-extensions.ts";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { buildRtp, type RtpFields } from "../testing/model-packets.ts";
import { createTestLayer } from "../testing/stream-kit.ts";
import { NO_FEEDBACK } from "./feedback.ts";
import { createInbound, type PayloadFormat } from "./inbound.ts";
import { createLayer, type Layer } from "./layer.ts";
import { createRoundTrip } from "./round-trip.ts";
import { SourceClock } from "./source-clock.ts";

const MID = 4;
const RID = 10;
const REPAIRED = 11;
const map = createExtensionMap({ mid: MID, rid: RID, repairedRid: REPAIRED, audioLevel: 1 });
const VIDEO: PayloadFormat[] = [
  { kind: "media", payloadType: 96, codec: CODECS.vp8 },
  { kind: "rtx", payloadType: 97, associated: 96 },
  { kind: "media", payloadType: 102, codec: CODECS.h264 },
];
const AUDIO: PayloadFormat[] = [
  { kind: "media", payloadType: 111, codec: CODECS.opus },
  { kind: "red", payloadType: 63, primary: 111 },
];
const KEY = Buffer.from([0x10, 0x00, 1, 2]);

function layerOf(rid: string, codec = CODECS.vp8): Layer {
  const shared = { clock: new SourceClock(), roundTrip: createRoundTrip(), feedback: NO_FEEDBACK };
  return createLayer({ sourceNumber: 17, order: 0, rid, codec, ...shared });
}

function listen(layer: Layer): Buffer[] {
  const got: Buffer[] = [];
  layer.addSink({
    decide(from, place) {
      const at = from.ring.offset[place]!;
      got.push(Buffer.from(from.ring.bytes.subarray(at, at + from.ring.length[place]!)));
    },
  });
  return got;
}

function setUp() {
  const inbound = createInbound(map);
  let sequence = 0;
  const send = (fields: Partial<RtpFields>) => {
    const packet = buildRtp({ payloadType: 96, sequence: ++sequence, timestamp: 0, ssrc: 1, payload: KEY, ...fields });
    return inbound.receive(packet, 0, packet.length, 0);
  };
  return { inbound, send };
}

const text = (id: number, value: string): [number, Buffer] => [id, Buffer.from(value)];

describe("Inbound", () => {
  it("finds a declared stream by its SSRC", () => {
    const { inbound, send } = setUp();
    const layer = layerOf("");
    inbound.addMedia({ mid: "v", formats: VIDEO, layers: [layer] });
    inbound.bind(7, "v", "");
    expect(send({ ssrc: 7 })).toBe(true);
    expect(layer.ssrc).toBe(7);
    expect(inbound.layerOf(7)).toBe(layer);
    expect(inbound.layers).toEqual([layer]);
  });

  it("finds layers by MID and RID together: two m-lines may use the same RIDs", () => {
    const { inbound, send } = setUp();
    const camera = [layerOf("q"), layerOf("h")];
    const screen = [layerOf("q"), layerOf("h")];
    inbound.addMedia({ mid: "c", formats: VIDEO, layers: camera });
    inbound.addMedia({ mid: "s", formats: VIDEO, layers: screen });
    send({ ssrc: 1, extensions: [text(MID, "c"), text(RID, "q")] });
    send({ ssrc: 2, extensions: [text(MID, "c"), text(RID, "h")] });
    send({ ssrc: 3, extensions: [text(MID, "s"), text(RID, "q")] });
    expect([...camera, ...screen].map(layer => layer.ssrc)).toEqual([1, 2, 3, -1]);
    // Named once, the SSRC is enough.
    expect(send({ ssrc: 2 })).toBe(true);
  });

  it("finds the only m-line of a payload type without any name, and guesses nothing where there are two", () => {
    const { inbound, send } = setUp();
    const video = layerOf("");
    const audio = layerOf("", CODECS.opus);
    inbound.addMedia({ mid: "a", formats: AUDIO, layers: [audio] });
    inbound.addMedia({ mid: "v", formats: VIDEO, layers: [video] });
    expect(send({ ssrc: 1 })).toBe(true);
    expect(send({ ssrc: 2, payloadType: 111 })).toBe(true);
    inbound.addMedia({ mid: "w", formats: VIDEO, layers: [layerOf("")] });
    expect(send({ ssrc: 3 })).toBe(false);
    expect(send({ ssrc: 4, extensions: [text(MID, "nobody")] })).toBe(false);
    expect(inbound.dropped.unknownStream).toBe(2);
  });

  it("puts a retransmission back into its stream, without counting it as received", () => {
    const { inbound, send } = setUp();
    const layer = layerOf("h");
    const other = layerOf("q");
    const got = listen(layer);
    inbound.addMedia({ mid: "v", formats: VIDEO, layers: [other, layer] });
    send({ ssrc: 1, sequence: 10, extensions: [text(MID, "v"), text(RID, "h")] });
    send({ ssrc: 1, sequence: 12 });
    const payload = Buffer.concat([Buffer.from([0, 11]), Buffer.from([0x10, 0x01, 9, 9])]);
    const names: [number, Buffer][] = [text(MID, "v"), text(REPAIRED, "h")];
    expect(send({ ssrc: 2, payloadType: 97, sequence: 900, extensions: names, payload })).toBe(true);
    expect(got[2]).toEqual(Buffer.from([0x10, 0x01, 9, 9]));
    expect(layer.ssrc).toBe(1);
    expect(layer.stats.received).toBe(2);
    expect(inbound.layerOf(2)).toBeUndefined();
  });

  it("ignores probes on the RTX stream and retransmissions of nothing", () => {
    const { inbound, send } = setUp();
    const layer = layerOf("");
    inbound.addMedia({ mid: "v", formats: VIDEO, layers: [layer] });
    inbound.bind(2, "v", "");
    expect(send({ ssrc: 2, payloadType: 97, payload: Buffer.from([0, 5, 1]) })).toBe(false);
    send({ ssrc: 1 });
    expect(send({ ssrc: 2, payloadType: 97, payload: Buffer.alloc(0), padding: 200 })).toBe(false);
    expect(layer.stats.received).toBe(1);
  });

  it("takes the primary out of redundant audio", () => {
    const { inbound, send } = setUp();
    const layer = layerOf("", CODECS.opus);
    const got = listen(layer);
    inbound.addMedia({ mid: "a", formats: AUDIO, layers: [layer] });
    const opus = [0xf8, 1, 2];
    send({ payloadType: 111, payload: Buffer.from(opus) });
    send({ payloadType: 63, payload: Buffer.from([0x80 | 111, 0x0f, 0x00, 2, 111, 8, 8, ...opus]) });
    send({ payloadType: 63, payload: Buffer.from([0x80 | 111, 0x0f, 0x00, 200, 111, 8]) });
    expect(got).toEqual([Buffer.from(opus), Buffer.from(opus)]);
    expect(inbound.dropped.malformed).toBe(1);
  });

  it("goes on with a new SSRC and another codec of the same m-line", () => {
    const { inbound, send } = setUp();
    const layer = layerOf("");
    inbound.addMedia({ mid: "v", formats: VIDEO, layers: [layer] });
    send({ ssrc: 1 });
    send({ ssrc: 2 });
    expect([layer.ssrc, layer.generation]).toEqual([2, 1]);
    expect(inbound.layerOf(1)).toBeUndefined();
    send({ ssrc: 2, payloadType: 102, payload: Buffer.from([0x67, 1]) });
    expect([layer.codec.name, layer.generation]).toEqual(["h264", 2]);
  });

  it("drops what its m-line doesn't publish now, and takes it once it does", () => {
    const { inbound, send } = setUp();
    inbound.addMedia({ mid: "v", formats: VIDEO, layers: [] });
    expect(send({ ssrc: 1, extensions: [text(MID, "v")] })).toBe(false);
    const layer = layerOf("");
    inbound.setLayers("v", [layer]);
    expect(send({ ssrc: 1 })).toBe(true);
    inbound.setLayers("v", []);
    expect(send({ ssrc: 1 })).toBe(false);
    expect(inbound.dropped.unpublished).toBe(2);
  });

  it("drops and counts payload types that were not negotiated", () => {
    const { inbound, send } = setUp();
    inbound.addMedia({ mid: "v", formats: VIDEO, layers: [layerOf("")] });
    send({ ssrc: 1 });
    expect(send({ ssrc: 1, payloadType: 120 })).toBe(false);
    expect(inbound.dropped.unknownPayloadType).toBe(1);
  });

  it("remembers a bounded number of streams", () => {
    const { inbound, send } = setUp();
    inbound.addMedia({ mid: "v", formats: VIDEO, layers: [layerOf("a"), layerOf("b")] });
    for (let i = 0; i < 1_000; i++) {
      send({ ssrc: 5_000 + i, payloadType: 97, extensions: [text(MID, "v"), text(REPAIRED, "a")] });
    }
    expect(inbound.dropped.tooManyStreams).toBe(936);
  });

  it("survives any bytes, keeps its bounds, and a neighbour stays unharmed", { timeout: FUZZ_TIMEOUT }, () => {
    const { inbound, send } = setUp();
    const { layer } = createTestLayer(CODECS.vp8);
    const attacked = listen(layer);
    const neighbour = layerOf("", CODECS.opus);
    const got = listen(neighbour);
    inbound.addMedia({ mid: "v", formats: VIDEO, layers: [layer] });
    inbound.addMedia({
      mid: "n",
      formats: [{ kind: "media", payloadType: 9, codec: CODECS.opus }],
      layers: [neighbour],
    });
    inbound.bind(99, "n", "");
    const sample = (fields: Partial<RtpFields>) =>
      buildRtp({ payloadType: 96, sequence: 5, timestamp: 9, ssrc: 1, payload: KEY, ...fields });
    const samples = [
      sample({ extensions: [text(MID, "v"), [1, Buffer.from([5])]] }),
      sample({ payloadType: 97, payload: Buffer.from([0, 4, 0x10, 0, 0]) }),
      sample({ payload: Buffer.alloc(0), padding: 30 }),
    ];
    let sent = 0;
    fuzz(samples, (bytes, random) => {
      inbound.receive(bytes, 0, bytes.length, 0);
      attacked.length = 0;
      if (!random.chance(0.01)) return;
      must(send({ ssrc: 99, payloadType: 9, payload: Buffer.from([0xf8, 1]) }), "neighbour");
      sent++;
    });
    expect(got.length).toBe(sent);
  });
});

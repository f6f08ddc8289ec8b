import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { DECISIVE_BYTES, StreamKind, streamKind } from "./stream-kind.ts";

const BINDING = Buffer.from(`000100002112a442${"ab".repeat(12)}`, "hex");
const framed = (packet: Buffer): Buffer => Buffer.concat([Buffer.of(packet.length >> 8, packet.length), packet]);
const longer = (words: number): Buffer => {
  const bytes = Buffer.concat([BINDING, Buffer.alloc(4 * words)]);
  bytes.writeUInt16BE(4 * words, 2);
  return bytes;
};
const ALLOCATE = Buffer.from(`000300082112a442${"ab".repeat(20)}`, "hex");
const CLIENT_HELLO = Buffer.from("160301020001000001fc0303", "hex");
const CHANNEL_DATA = Buffer.from("400000040102030405060708", "hex");

const kinds: [string, Buffer, StreamKind][] = [
  ["a framed check", framed(BINDING), StreamKind.ice],
  ["a framed check of 256 bytes and more", framed(longer(60)), StreamKind.ice],
  ["the longest framed check", framed(longer(507)), StreamKind.ice],
  ["a bare Binding request", BINDING, StreamKind.turn],
  ["an Allocate request", ALLOCATE, StreamKind.turn],
  ["TLS", CLIENT_HELLO, StreamKind.turn],
  ["ChannelData", CHANNEL_DATA, StreamKind.unknown],
  ["a framed check that is too long", framed(longer(508)), StreamKind.unknown],
  ["a frame with another request", framed(ALLOCATE), StreamKind.unknown],
  ["a frame of DTLS", framed(Buffer.from("16fefd0000000000000000000a00", "hex")), StreamKind.unknown],
  ["a frame of another length than its STUN message", Buffer.from("0018000100002112a442", "hex"), StreamKind.unknown],
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n"), StreamKind.unknown],
  ["SSH", Buffer.from("SSH-2.0-OpenSSH"), StreamKind.unknown],
  ["no TLS that anybody speaks", Buffer.from("1602", "hex"), StreamKind.unknown],
];

describe("the first bytes of a connection", () => {
  it.each(kinds)("tell %s, and no fewer of them tell something else", (_name, bytes, kind) => {
    expect(streamKind(bytes)).toBe(kind);
    expect(streamKind(bytes.subarray(0, 0))).toBe(StreamKind.undecided);
    for (let length = 1; length < bytes.length; length++)
      expect([StreamKind.undecided, kind]).toContain(streamKind(bytes.subarray(0, length)));
  });

  it("decide by ten at the latest, and for ever", { timeout: FUZZ_TIMEOUT }, () => {
    const samples = kinds.map(([, bytes]) => bytes.subarray(0, 2 * DECISIVE_BYTES));
    fuzz(samples, bytes => {
      let verdict: StreamKind = StreamKind.undecided;
      for (let length = 0; length <= Math.min(bytes.length, DECISIVE_BYTES + 2); length++) {
        const kind = streamKind(bytes.subarray(0, length));
        must(verdict === StreamKind.undecided || kind === verdict, "a verdict was revised");
        verdict = kind;
      }
      must(bytes.length < DECISIVE_BYTES || verdict !== StreamKind.undecided, "no verdict");
    });
  });
});

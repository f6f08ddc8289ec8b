import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../../testing/fuzz.ts";
import { type Amf0Value, readAmf0 } from "./amf0.ts";
import { createChunkReader } from "./chunk-reader.ts";
import { createRtmpProtocol } from "./protocol.ts";
import { chunksOf, command, HANDSHAKE, introduction, type SentMessage } from "./testing/encoder.ts";

const KEY = "s3cret";
const PART = 1_536;

/** A connection, and what the node says and hears. */
function connect() {
  const sent: Buffer[] = [];
  const told: [what: string, length: number, timestamp: number][] = [];
  let finished = false;
  const protocol = createRtmpProtocol({
    send: bytes => void sent.push(Buffer.from(bytes)),
    publish: key => (key === KEY ? undefined : "no such key"),
    audio: (_bytes, length, timestamp) => void told.push(["audio", length, timestamp]),
    video: (_bytes, length, timestamp) => void told.push(["video", length, timestamp]),
    finished: () => {
      finished = true;
    },
  });
  return {
    ...protocol,
    told,
    say: (...messages: readonly SentMessage[]): boolean[] =>
      messages.map(message => protocol.push(chunksOf(message, 128))),
    get finished() {
      return finished;
    },
    /** What it has said behind the handshake: types, and commands as values. */
    get answers(): { type: number; bytes: Buffer; values: Amf0Value[] | undefined }[] {
      const answers: { type: number; bytes: Buffer; values: Amf0Value[] | undefined }[] = [];
      const reader = createChunkReader({
        maxMessage: () => 10_000,
        message({ type, bytes, length }) {
          const body = Buffer.from(bytes.subarray(0, length));
          answers.push({ type, bytes: body, values: type === 20 ? readAmf0(body, 0, length) : undefined });
          return true;
        },
      });
      reader.push(Buffer.concat(sent).subarray(1 + 2 * PART));
      return answers;
    },
  };
}

const statusOf = ({ answers }: ReturnType<typeof connect>): unknown => {
  const status = answers.findLast(({ values }) => values?.[0] === "onStatus")?.values?.[3];
  return status instanceof Map ? status.get("code") : undefined;
};

describe("an encoder's connection", () => {
  it("is greeted, let in by its key, and heard", () => {
    const encoder = connect();
    expect(encoder.push(introduction(KEY))).toBe(true);
    const { answers } = encoder;
    expect(answers.map(({ type }) => type)).toEqual([5, 6, 20, 20, 20, 20, 20]);
    expect(answers.flatMap(({ values }) => (values ? [values.slice(0, 2)] : []))).toEqual([
      ["_result", 1],
      ["_result", 2],
      ["_result", 3],
      ["_result", 4],
      ["onStatus", 0],
    ]);
    expect(answers[5]?.values?.[3]).toBe(1);
    expect(statusOf(encoder)).toBe("NetStream.Publish.Start");
    encoder.say({ type: 9, body: Buffer.alloc(900), timestamp: 40 }, { type: 8, body: Buffer.alloc(9), timestamp: 41 });
    expect(encoder.told).toEqual([
      ["video", 900, 40],
      ["audio", 9, 41],
    ]);
    encoder.refuse("NetStream.Publish.Rejected", "because");
    expect(statusOf(encoder)).toBe("NetStream.Publish.Rejected");
  });

  it("is the same, byte by byte", () => {
    const encoder = connect();
    for (const byte of introduction(`${KEY}?from=encoder`)) expect(encoder.push(Buffer.of(byte))).toBe(true);
    expect(statusOf(encoder)).toBe("NetStream.Publish.Start");
  });

  it("is closed with another key, and told so", () => {
    const encoder = connect();
    expect(encoder.push(introduction("guess"))).toBe(false);
    expect(statusOf(encoder)).toBe("NetStream.Publish.BadName");
    expect(encoder.told).toEqual([]);
  });

  it("gives nothing before it is let in", () => {
    const encoder = connect();
    encoder.push(HANDSHAKE);
    expect(encoder.say({ type: 9, body: Buffer.alloc(900) })).toEqual([true]);
    expect(encoder.told).toEqual([]);
    // Nor may it be as long as what is sent later.
    expect(encoder.say({ type: 9, body: Buffer.alloc(17 * 1_024) })).toContain(false);
  });

  it.each(["FCUnpublish", "deleteStream", "closeStream"])("ends with %s", name => {
    const encoder = connect();
    encoder.push(introduction(KEY));
    expect(encoder.say(command(name, 6, null, 1))).toEqual([false]);
    expect(encoder.finished).toBe(true);
  });

  it("ends where it breaks the rules", () => {
    const connecting = command("connect", 1, { app: "live" });
    const publishing = command("publish", 2, null, KEY, "live");
    const wrong: [string, SentMessage[]][] = [
      ["twice connected", [connecting, connecting]],
      ["published before", [publishing]],
      ["published twice", [connecting, publishing, publishing]],
      ["a key that is no text", [connecting, command("publish", 2, null, 7)]],
      ["played", [connecting, command("play", 2, null, KEY)]],
      ["no AMF", [{ type: 20, body: Buffer.of(4) }]],
    ];
    for (const [what, messages] of wrong) {
      const encoder = connect();
      encoder.push(HANDSHAKE);
      expect(encoder.say(...messages).at(-1), what).toBe(false);
    }
    expect(connect().push(Buffer.of(22, 3, 1))).toBe(false);
  });

  it("may say what means nothing here", () => {
    const encoder = connect();
    encoder.push(introduction(KEY));
    const amf3 = command("getStreamLength", 7, null, KEY);
    const all = encoder.say(
      command("_checkbw", 6, null),
      { ...amf3, type: 17, body: Buffer.concat([Buffer.of(0), amf3.body]) },
      { type: 18, body: Buffer.from("no AMF") },
      { type: 17, body: Buffer.alloc(1) },
      { type: 99, body: Buffer.alloc(3) },
      { type: 4, body: Buffer.of(0, 3, 0, 0, 0, 1) },
    );
    expect(all).not.toContain(false);
    expect(encoder.answers).toHaveLength(7);
  });

  it("is answered its pings, and told as often as it wishes what came", () => {
    const encoder = connect();
    encoder.push(introduction(KEY));
    encoder.say({ type: 5, body: Buffer.of(0, 0, 16, 0) }, { type: 4, body: Buffer.of(0, 6, 1, 2, 3, 4) });
    expect(encoder.answers.at(-1)).toMatchObject({ type: 4, bytes: Buffer.of(0, 7, 1, 2, 3, 4) });
    for (let i = 0; i < 130; i++) encoder.say({ type: 9, body: Buffer.alloc(100) });
    const told = encoder.answers.filter(({ type }) => type === 3).map(({ bytes }) => bytes.readUInt32BE(0));
    expect(told).toHaveLength(3);
    expect(told[2]! - told[1]!).toBeGreaterThanOrEqual(4_096);
    expect(told[2]! - told[1]!).toBeLessThan(4_096 + 200);
  });

  it("does no harm, whatever it says", { timeout: FUZZ_TIMEOUT }, () => {
    const prologue = introduction(KEY);
    const samples = [
      prologue.subarray(HANDSHAKE.length),
      ...[command("deleteStream", 6, null, 1), command("publish", 2, null, KEY)].map(each => chunksOf(each, 128)),
      chunksOf({ type: 9, body: Buffer.alloc(200, 0x17), timestamp: 40 }, 128),
    ];
    let said = 0;
    const open = (greeting: Buffer) => {
      const protocol = createRtmpProtocol({
        send: part => {
          said += part.length;
        },
        publish: key => (key === KEY ? undefined : "no such key"),
        audio: (all, length) => must(length <= all.length, "audio"),
        video: (all, length) => must(length <= all.length, "video"),
        finished() {},
      });
      must(protocol.push(greeting), "greeting");
      return protocol;
    };
    let encoder = open(prologue);
    fuzz(samples, (bytes, random) => {
      const before = said;
      const goesOn = encoder.push(bytes);
      must(said - before <= 64 * (bytes.length + 16), "says too much");
      if (!goesOn) encoder = open(random.chance(0.1) ? prologue : HANDSHAKE);
    });
  });
});

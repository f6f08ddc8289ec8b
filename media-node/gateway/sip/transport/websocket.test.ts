import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWebSocketReader, isHandshake, messageFrame, readHandshake } from "./websocket.ts";

const HANDSHAKE = [
  "GET /sip HTTP/1.1",
  "Host: example.com",
  "Upgrade: websocket",
  "Connection: keep-alive, Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Protocol: chat, sip",
];
const handshake = (lines: readonly string[]) => readHandshake(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`));

/** A frame as clients send it: masked. */
function clientFrame(first: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const head = length < 126 ? [first, 0x80 | length] : [first, 0x80 | 126, length >> 8, length & 0xff];
  const mask = [1, 2, 3, 4];
  return Buffer.from([...head, ...mask, ...payload.map((byte, i) => byte ^ mask[i & 3]!)]);
}

function read(chunks: readonly Uint8Array[]) {
  const messages: string[] = [];
  const replies: Buffer[] = [];
  const reader = createWebSocketReader({
    message: bytes => messages.push(Buffer.from(bytes).toString()) > 0,
    reply: bytes => replies.push(Buffer.from(bytes)),
  });
  return { messages, replies, isOpen: chunks.every(chunk => reader.push(chunk)) };
}

describe("a WebSocket's handshake", () => {
  it("is taken where it offers sip, with RFC 6455's own example", () => {
    expect(isHandshake(Buffer.from("GET / HTTP/1.1"))).toBe(true);
    expect(isHandshake(Buffer.from("OPTIONS sip:a"))).toBe(false);
    const result = handshake(HANDSHAKE);
    expect(result.kind).toBe("accepted");
    if (result.kind !== "accepted") return;
    expect(result.answer).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect(result.answer).toContain("Sec-WebSocket-Protocol: sip\r\n\r\n");
  });

  it.each([
    ["another protocol", HANDSHAKE.with(6, "Sec-WebSocket-Protocol: chat"), "400"],
    ["no protocol", HANDSHAKE.slice(0, 6), "400"],
    ["another version", HANDSHAKE.with(5, "Sec-WebSocket-Version: 8"), "426"],
    ["no upgrade", HANDSHAKE.with(2, "Upgrade: h2c"), "400"],
    ["no key", HANDSHAKE.with(4, "Sec-WebSocket-Key: short"), "400"],
  ])("is refused with %s", (_, lines, status) => {
    const result = handshake(lines);
    expect(result).toMatchObject({ kind: "refused" });
    if (result.kind === "refused") expect(result.answer).toContain(`HTTP/1.1 ${status}`);
  });

  it("may come in pieces, but not without end", () => {
    expect(readHandshake(Buffer.from("GET / HT")).kind).toBe("incomplete");
    expect(readHandshake(Buffer.alloc(9_000, 0x41)).kind).toBe("refused");
  });
});

describe("a WebSocket's frames", () => {
  it("become messages, however they are split and fragmented", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ maxLength: 200 }), { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 40 }),
        (texts, size) => {
          const frames = texts.flatMap(parts =>
            parts.map((part, i) =>
              clientFrame((i === 0 ? 1 : 0) | (i === parts.length - 1 ? 0x80 : 0), Buffer.from(part)),
            ),
          );
          const whole = Buffer.concat(frames);
          const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
            whole.subarray(i * size, (i + 1) * size),
          );
          const { messages, isOpen } = read(chunks);
          expect(isOpen).toBe(true);
          expect(messages).toEqual(texts.map(parts => parts.join("")));
        },
      ),
    );
  });

  it("are answered where they ping or close", () => {
    const { replies, isOpen } = read([clientFrame(0x89, Buffer.from("hi")), clientFrame(0x88, Buffer.from([3, 232]))]);
    expect(replies).toEqual([Buffer.from([0x8a, 2, 0x68, 0x69]), Buffer.from([0x88, 2, 3, 232])]);
    expect(isOpen).toBe(false);
  });

  it.each([
    ["without a mask", Buffer.from([0x81, 1, 65])],
    ["with reserved bits", clientFrame(0xc1, Buffer.from("a"))],
    ["of unknown kinds", clientFrame(0x83, Buffer.from("a"))],
    ["of control in fragments", clientFrame(0x09, Buffer.from("a"))],
    ["that go on with nothing", clientFrame(0x80, Buffer.from("a"))],
    ["that are too long", Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 16, 0, 0, 1, 2, 3, 4])],
  ])("end the connection: those %s", (_, bytes) => {
    expect(read([bytes]).isOpen).toBe(false);
  });

  it("of ours are text if they are UTF-8, with lengths of one, two and eight bytes", () => {
    expect([...messageFrame(Buffer.from("ab"))]).toEqual([0x81, 2, 97, 98]);
    expect(messageFrame(Buffer.from([0xff]))[0]).toBe(0x82);
    expect([...messageFrame(Buffer.alloc(300, 65)).subarray(0, 4)]).toEqual([0x81, 126, 1, 44]);
    expect([...messageFrame(Buffer.alloc(70_000, 65)).subarray(0, 10)]).toEqual([0x81, 127, 0, 0, 0, 0, 0, 1, 17, 112]);
  });
});

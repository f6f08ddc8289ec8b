import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStreamFramer } from "./stream-framer.ts";

const message = (body: string, name = "Content-Length", tail = ""): string =>
  `OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c\r\n${name}: ${body.length}\r\n${tail}\r\n${body}`;

function cut(chunks: readonly string[]) {
  const messages: string[] = [];
  let pings = 0;
  let pongs = 0;
  const framer = createStreamFramer({
    message: bytes => messages.push(Buffer.from(bytes).toString("latin1")) > 0,
    ping: () => {
      pings++;
    },
    pong: () => {
      pongs++;
    },
  });
  const isAlive = chunks.every(chunk => framer.push(Buffer.from(chunk, "latin1")));
  return { messages, pings, pongs, isAlive, framer };
}

describe("a stream of SIP messages", () => {
  it("is cut into the same messages however it arrives, keep-alives between them answered", () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 60 }).map(body => message(Buffer.from(body).toString("latin1"))),
      fc.constantFrom(message("x", "l"), message("", "CONTENT-LENGTH ", "X: y\r\n"), "\r\n\r\n"),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (pieces, cuts) => {
          const whole = pieces.join("");
          const chunks: string[] = [];
          for (let at = 0, i = 0; at < whole.length; i++) {
            const size = cuts[i % cuts.length]!;
            chunks.push(whole.slice(at, at + size));
            at += size;
          }
          const { messages, pings, isAlive, framer } = cut(chunks);
          expect(isAlive).toBe(true);
          expect(messages).toEqual(pieces.filter(text => text !== "\r\n\r\n"));
          expect(pings).toBe(pieces.length - messages.length);
          expect(framer.isPartial).toBe(false);
        },
      ),
    );
  });

  it("tells the answer to a keep-alive of ours, at once and before a message", () => {
    expect(cut(["\r\n"])).toMatchObject({ pings: 0, pongs: 1 });
    expect(cut([`\r\n${message("x")}`])).toMatchObject({ pings: 0, pongs: 1, messages: [message("x")] });
  });

  it.each([
    ["no length", "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c\r\n\r\n"],
    ["two lengths", message("abc", "l", "Content-Length: 3\r\n")],
    ["a length that is no number", message("", "Content-Length: -").replace(": 0", "")],
    ["a body that is too long", "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 70000\r\n\r\n"],
    ["a head that never ends", "x".repeat(20_000)],
  ])("ends at %s", (_, text) => {
    const { messages, isAlive } = cut([text]);
    expect(isAlive).toBe(false);
    expect(messages).toEqual([]);
  });

  it("ends where the receiver says so, and tells what is under way", () => {
    const framer = createStreamFramer({ message: () => false, ping() {}, pong() {} });
    expect(framer.push(Buffer.from(message("")))).toBe(false);
    expect(framer.push(Buffer.from(message("")))).toBe(false);
    const { framer: slow } = cut([message("abc").slice(0, -1)]);
    expect(slow.isPartial).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { FUZZ_RUNS, FUZZ_TIMEOUT, fuzz, must } from "../../testing/fuzz.ts";
import { createRandom } from "../../testing/random.ts";
import { parseDigest } from "./auth/digest.ts";
import { createAudioMedia } from "./description/audio-media.ts";
import { createVideoLine } from "./description/video-line.ts";
import { formatRequest } from "./message/format.ts";
import { MAX_BODY, MAX_HEAD, parseMessage } from "./message/parse.ts";
import { createResponse } from "./message/respond.ts";
import { createSipStack } from "./stack.ts";
import { CODECS, createTestEnd } from "./testing/test-call.ts";
import { DEMANDING } from "./testing/torture-demanding.ts";
import { INVALID } from "./testing/torture-invalid.ts";
import { VALID } from "./testing/torture-valid.ts";
import type { SipFlow } from "./transport/flow.ts";
import { createStreamFramer } from "./transport/stream-framer.ts";
import { createWebSocketReader, readHandshake } from "./transport/websocket.ts";

const SAMPLES = [...VALID, ...INVALID, ...DEMANDING].map(({ text }) => Buffer.from(text, "latin1"));

describe("bytes from anybody", () => {
  it("are read or not, never thrown at; what was read can be written and read again", { timeout: FUZZ_TIMEOUT }, () => {
    let requests = 0;
    fuzz(SAMPLES, bytes => {
      const parsed = parseMessage(bytes);
      if (parsed?.kind !== "request") return;
      requests++;
      const { request } = parsed;
      for (const value of request.headers.get("authorization") ?? []) parseDigest(value);
      must(createResponse(request, 200, { toTag: "t" }).headers.has("to"), "an answer needs a To");
      const again = parseMessage(formatRequest(request));
      must(again?.kind === "request", "what was written can't be read");
      if (again?.kind !== "request") return;
      must(again.request.callId === request.callId && again.request.cseq === request.cseq, "it changed on the way");
      must(again.request.from.text === request.from.text && again.request.uri === request.uri, "it changed on the way");
      must(Buffer.compare(again.request.body, request.body) === 0, "its body changed on the way");
    });
    expect(requests).toBeGreaterThan(FUZZ_RUNS / 20);
  });

  it("are cut into messages or refused, however they are chopped", { timeout: 2 * FUZZ_TIMEOUT }, () => {
    fuzz(SAMPLES, (bytes, random) => {
      const isWhole = (message: Uint8Array): boolean => {
        must(message.length <= MAX_HEAD + 4 + MAX_BODY, "too long");
        return true;
      };
      const framer = createStreamFramer({ message: isWhole, ping() {}, pong() {} });
      const reader = createWebSocketReader({ message: isWhole, reply() {} });
      readHandshake(bytes);
      for (let at = 0; at < bytes.length; ) {
        const end = at + random.integer(1, 400);
        framer.push(bytes.subarray(at, end));
        reader.push(bytes.subarray(at, end));
        at = end;
      }
    });
  });

  it("move no stack to throw, to answer a lot, or to keep much", { timeout: 2 * FUZZ_TIMEOUT }, () => {
    const random = createRandom(3261);
    let sent = 0;
    let now = 0;
    const stack = createSipStack({
      io: {
        send: () => sent++ >= 0,
        resolve: (_, done) => done([], now),
        addressOf: () => ({ host: "192.0.2.200", port: 5060 }),
      },
      handler: {
        admit: () => ({ kind: "accept" }),
        called(call, at) {
          const end = createTestEnd();
          const turn = random.integer(0, 3);
          if (turn < 2) call.accept(end.media, at);
          else if (turn === 2) call.progress(183, at, end.media);
          return end.events;
        },
      },
      randomBytes: length => random.fill(new Uint8Array(length)),
      now,
      maxCalls: 20,
      maxTransactions: 200,
    });
    const runs = FUZZ_RUNS / 10;
    let run = 0;
    fuzz(SAMPLES, bytes => {
      if (run++ > runs) return;
      const flow: SipFlow = { transport: "udp", address: `192.0.2.${run % 250}`, port: 5060, connection: 0 };
      now += 20;
      stack.receive(flow, bytes, now);
      if (run % 100 === 0) must(stack.calls <= 20, "too many calls");
    });
    stack.close(now);
    stack.advance(now + 300_000);
    expect(stack.calls).toBe(0);
    // Repetitions of what waits for an ACK included.
    expect(sent).toBeLessThan(20 * runs);
  });

  it("make no description that we choke on", { timeout: 4 * FUZZ_TIMEOUT }, () => {
    const dtls = {
      fingerprint: { algorithm: "sha-256", value: Array.from({ length: 32 }, () => "AB").join(":") },
      ice: { ufrag: "AAown", password: "ownPasswordOf22Letters" },
    };
    const create = (offersDtls = false) =>
      createAudioMedia({
        ...{ address: "192.0.2.1", port: 4000, codecs: CODECS, sessionId: "1", dtls, offersDtls },
        video: createVideoLine({ port: 4002, srtp: "off" }),
        agreed() {},
      });
    const offerer = create();
    const offer = offerer.createOffer();
    const samples = [
      offer,
      create(true).createOffer(),
      ...SAMPLES.map(sample => sample.toString("latin1").split("\r\n\r\n")[1] ?? ""),
    ]
      .filter(text => text.startsWith("v=0"))
      .map(text => Buffer.from(text, "latin1"));
    fuzz(samples, bytes => {
      const text = bytes.toString("utf8");
      const answer = create().answerOffer(text);
      if (answer !== undefined) must(answer.startsWith("v=0"), "no description");
      offerer.applyAnswer(text);
    });
  });
});

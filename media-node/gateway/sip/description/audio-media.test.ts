import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Direction } from "../../../sdp/rtp-formats.ts";
import { CODECS } from "../testing/test-call.ts";
import type { AudioCodec } from "./audio-codecs.ts";
import { type AudioAgreement, createAudioMedia } from "./audio-media.ts";
import { answerDirection, both, reverse } from "./direction.ts";

function create(codecs: readonly AudioCodec[] = CODECS, address = "192.0.2.1") {
  const agreements: AudioAgreement[] = [];
  const media = createAudioMedia({
    address,
    port: 4000,
    codecs,
    sessionId: "77",
    agreed: agreement => agreements.push(agreement),
  });
  return { media, agreements };
}

const sdp = (media: readonly string[], connection = "c=IN IP4 192.0.2.9"): string =>
  ["v=0", "o=peer 1 1 IN IP4 192.0.2.9", "s=call", connection, "t=0 0", ...media, ""].join("\r\n");
const lineOf = (text: string | undefined, start: string): string[] =>
  (text ?? "").split("\r\n").filter(line => line.startsWith(start));

const DIRECTIONS: readonly Direction[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

describe("comfort noise", () => {
  const noise = { name: "CN", clockRate: 8_000, channels: 1, payloadType: 13, parameters: "" };

  it("is agreed to beside a codec, and is none itself", () => {
    const { media, agreements } = create([...CODECS, noise]);
    const answer = media.answerOffer(sdp(["m=audio 6000 RTP/AVP 13 0"]));
    expect(lineOf(answer, "m=")).toEqual(["m=audio 4000 RTP/AVP 13 0"]);
    expect(agreements.at(-1)?.codecs.map(({ name }) => name)).toEqual(["PCMU"]);
    expect(create([...CODECS, noise]).media.answerOffer(sdp(["m=audio 6000 RTP/AVP 13"]))).toBeUndefined();
  });
});

describe("an offer of ours", () => {
  it("names all codecs, and is the same as long as nothing changes", () => {
    const { media } = create();
    const offer = media.createOffer();
    expect(offer).toBe(
      [
        "v=0",
        "o=- 77 1 IN IP4 192.0.2.1",
        "s=-",
        "c=IN IP4 192.0.2.1",
        "t=0 0",
        "m=audio 4000 RTP/AVP 0 8 96 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 useinbandfec=1",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        "a=sendrecv",
        "",
      ].join("\r\n"),
    );
    expect(media.createOffer()).toBe(offer);
    media.setDirection("sendonly");
    expect(lineOf(media.createOffer(), "o=")).toEqual(["o=- 77 2 IN IP4 192.0.2.1"]);
  });

  it("is answered in the peer's numbers and ours; each side sends by the other's", () => {
    const { media, agreements } = create();
    media.createOffer();
    const answer = sdp([
      "m=audio 6000 RTP/AVP 111 100 0",
      "a=rtpmap:111 OPUS/48000/2",
      "a=fmtp:111 maxplaybackrate=16000",
      "a=rtpmap:100 telephone-event/48000",
    ]);
    expect(media.applyAnswer(answer)).toBe(true);
    expect(agreements).toEqual([
      {
        address: "192.0.2.9",
        port: 6000,
        codecs: [
          {
            name: "opus",
            clockRate: 48000,
            channels: 2,
            sendType: 111,
            receiveType: 96,
            parameters: "maxplaybackrate=16000",
            ownParameters: "useinbandfec=1",
          },
          {
            name: "PCMU",
            clockRate: 8000,
            channels: 1,
            sendType: 0,
            receiveType: 0,
            parameters: "",
            ownParameters: "",
          },
        ],
        events: [
          {
            name: "telephone-event",
            clockRate: 48000,
            channels: 1,
            sendType: 100,
            receiveType: 101,
            parameters: "",
            ownParameters: "0-16",
          },
        ],
        direction: "sendrecv",
      },
    ]);
  });

  it.each([
    ["no codec of ours", sdp(["m=audio 6000 RTP/AVP 18"])],
    ["only events", sdp(["m=audio 6000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"])],
    ["the stream switched off", sdp(["m=audio 0 RTP/AVP 0"])],
    ["another m-line count", sdp(["m=audio 6000 RTP/AVP 0", "m=video 6002 RTP/AVP 96"])],
    ["no address", sdp(["m=audio 6000 RTP/AVP 0"], "b=AS:64")],
    ["a name for an address", sdp(["m=audio 6000 RTP/AVP 0"], "c=IN IP4 media.example.com")],
    ["another profile", sdp(["m=audio 6000 RTP/SAVP 0"])],
    ["no description", "hello"],
  ])("can't be answered with %s", (_, answer) => {
    const { media, agreements } = create();
    media.createOffer();
    expect(media.applyAnswer(answer)).toBe(false);
    expect(agreements).toEqual([]);
  });
});

describe("an offer of the peer's", () => {
  it("is answered in its order and numbers, what isn't audio with port 0", () => {
    const { media, agreements } = create();
    const answer = media.answerOffer(
      sdp([
        "m=video 7000 RTP/AVP 96",
        "a=rtpmap:96 H264/90000",
        "m=audio 6000 RTP/AVPF 8 9 107 0",
        "a=rtpmap:107 opus/48000/2",
        "m=audio 6002 RTP/AVP 0",
        "m=application 9 UDP/BFCP *",
      ]),
    );
    expect(lineOf(answer, "m=")).toEqual([
      "m=video 0 RTP/AVP 96",
      "m=audio 4000 RTP/AVPF 8 107 0",
      "m=audio 0 RTP/AVP 0",
      "m=application 0 UDP/BFCP *",
    ]);
    expect(agreements[0]?.codecs.map(({ name, sendType }) => `${name} ${sendType}`)).toEqual([
      "PCMA 8",
      "opus 107",
      "PCMU 0",
    ]);
    // What follows keeps the m-lines.
    expect(lineOf(media.createOffer(), "m=")).toEqual(lineOf(answer, "m="));
  });

  it("may not lose m-lines later, and may switch the stream off and on", () => {
    const { media, agreements } = create();
    const one = (port: number): string => sdp([`m=audio ${port} RTP/AVP 0`, "m=video 0 RTP/AVP 96"]);
    media.answerOffer(one(6000));
    expect(media.answerOffer(sdp(["m=audio 6000 RTP/AVP 0"]))).toBeUndefined();
    expect(lineOf(media.answerOffer(one(0)), "m=audio")).toEqual(["m=audio 0 RTP/AVP 0"]);
    expect(agreements.at(-1)).toMatchObject({ port: 0, direction: "inactive" });
    expect(lineOf(media.answerOffer(one(6000)), "m=audio")).toEqual(["m=audio 4000 RTP/AVP 0"]);
    expect(agreements.at(-1)).toMatchObject({ port: 6000, direction: "sendrecv" });
  });

  it("of zeros for an address is a hold, as phones used to say it (RFC 3264 §8.4)", () => {
    const { media, agreements } = create();
    const answer = media.answerOffer(sdp(["m=audio 6000 RTP/AVP 0"], "c=IN IP4 0.0.0.0"));
    expect(lineOf(answer, "a=recvonly")).toHaveLength(1);
    expect(agreements[0]?.direction).toBe("recvonly");
  });

  it("takes the direction of the session where the m-line states none", () => {
    const { media } = create();
    const answer = media.answerOffer(sdp(["a=sendonly", "m=audio 6000 RTP/AVP 0"]));
    expect(lineOf(answer, "a=recvonly")).toHaveLength(1);
  });
});

describe("directions (RFC 3264 §6.1)", () => {
  it("never let anybody send what the other doesn't take", () => {
    fc.assert(
      fc.property(fc.constantFrom(...DIRECTIONS), fc.constantFrom(...DIRECTIONS), (offered, wanted) => {
        const answered = answerDirection(offered, wanted);
        const flows = (from: Direction, to: Direction): boolean => both(from, reverse(to)) === from;
        expect(flows(answered, offered)).toBe(true);
        expect(both(answered, wanted)).toBe(answered);
        expect(reverse(reverse(offered))).toBe(offered);
      }),
    );
  });

  it("of two ends that offer in turns agree, and what is agreed on is the same from both", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.constantFrom(...DIRECTIONS), fc.constantFrom(...DIRECTIONS)), {
          minLength: 1,
        }),
        turns => {
          const a = create(CODECS, "192.0.2.1");
          const b = create([...CODECS].reverse(), "192.0.2.2");
          for (const [isFromA, ofA, ofB] of turns) {
            a.media.setDirection(ofA);
            b.media.setDirection(ofB);
            const [offerer, answerer] = isFromA ? [a, b] : [b, a];
            const answer = answerer.media.answerOffer(offerer.media.createOffer());
            expect(answer !== undefined && offerer.media.applyAnswer(answer)).toBe(true);
            const near = a.agreements.at(-1);
            const far = b.agreements.at(-1);
            expect(near?.direction).toBe(both(ofA, reverse(ofB)));
            expect(far?.direction).toBe(reverse(near?.direction ?? "inactive"));
            expect(near?.codecs.map(({ sendType }) => sendType)).toEqual(
              far?.codecs.map(({ receiveType }) => receiveType),
            );
          }
        },
      ),
    );
  });
});

import { describe, expect, it } from "vitest";
import { type AudioAgreement, createAudioMedia } from "./audio-media.ts";
import { createSdesKey } from "./sdes.ts";
import { createVideoLine } from "./video-line.ts";

const PCMU = { name: "PCMU", clockRate: 8_000, channels: 1, payloadType: 0, parameters: "" };
const KEY = createSdesKey("AES_CM_128_HMAC_SHA1_80").key;

function createMedia(srtp: "off" | "optional" | "required" = "optional", hasVideo = true) {
  const told: AudioAgreement[] = [];
  const media = createAudioMedia({
    ...{ address: "192.0.2.1", port: 4_000, codecs: [PCMU], sessionId: "1", srtp },
    video: hasVideo ? createVideoLine({ port: 4_002, srtp }) : undefined,
    agreed: agreement => told.push(agreement),
  });
  return { media, seen: () => told.at(-1)?.video };
}

const offerOf = (...lines: string[]): string =>
  [
    ...["v=0", "o=- 1 1 IN IP4 192.0.2.9", "s=-", "c=IN IP4 192.0.2.9", "t=0 0", "m=audio 5000 RTP/AVP 0"],
    ...lines,
    "",
  ].join("\r\n");
const lineOf = (sdp: string | undefined, beginning: string): string[] =>
  (sdp ?? "").split("\r\n").filter(line => line.startsWith(beginning));

const VP8 = ["m=video 5002 RTP/AVP 96", "a=rtpmap:96 VP8/90000"];
const h264 = (parameters: string): string[] => [
  "m=video 5002 RTP/AVPF 99",
  "a=rtpmap:99 H264/90000",
  `a=fmtp:99 ${parameters}`,
];

describe("video beside sound", () => {
  it.each([
    ["vp8", 96, VP8],
    ["h264", 99, h264("profile-level-id=42801f;packetization-mode=1")],
    ["h264", 99, h264("packetization-mode=1")],
  ])("is taken as %s by the number that it was offered by", (codec, payloadType, lines) => {
    const { media, seen } = createMedia();
    const answer = media.answerOffer(offerOf(...lines));
    expect(lineOf(answer, "m=video")).toEqual([`m=video 4002 ${lines[0]!.split(" ")[2]} ${payloadType}`]);
    expect(lineOf(answer, "a=rtcp-fb")).toContain(`a=rtcp-fb:${payloadType} nack pli`);
    expect(seen()).toMatchObject({ address: "192.0.2.9", port: 5_002, codec, payloadType, direction: "sendrecv" });
  });

  it("answers the profile that was offered", () => {
    const answer = createMedia().media.answerOffer(offerOf(...h264("packetization-mode=1; profile-level-id=428014")));
    expect(lineOf(answer, "a=fmtp:99")).toEqual(["a=fmtp:99 profile-level-id=428014;packetization-mode=1"]);
  });

  it.each([
    ["another codec", ["m=video 5002 RTP/AVP 34", "a=rtpmap:34 H263/90000"]],
    ["a profile that browsers need not know", h264("profile-level-id=640028;packetization-mode=1")],
    ["H.264 of single packets", h264("profile-level-id=42801f")],
    ["keys where none may be", ["m=video 5002 RTP/SAVP 96", "a=rtpmap:96 VP8/90000"]],
    ["slides (BFCP)", ["m=application 5004 TCP/BFCP *"]],
    ["nothing", ["m=video 0 RTP/AVP 96", "a=rtpmap:96 VP8/90000"]],
  ])("is refused by port 0 where it is %s, and sound goes on", (_, lines) => {
    const { media, seen } = createMedia();
    const answer = media.answerOffer(offerOf(...lines));
    expect(lineOf(answer, "m=")[0]).toBe("m=audio 4000 RTP/AVP 0");
    expect(lineOf(answer, "m=")[1]).toMatch(/^m=(video|application) 0 /);
    expect(seen()).toBeUndefined();
  });

  it("is refused on trunks without it", () => {
    const { media, seen } = createMedia("optional", false);
    expect(lineOf(media.answerOffer(offerOf(...VP8)), "m=video")).toEqual(["m=video 0 RTP/AVP 96"]);
    expect(seen()).toBeUndefined();
  });

  it("keeps its place where it comes first", () => {
    const text = offerOf(...VP8).split("\r\n");
    const audio = text.findIndex(line => line.startsWith("m=audio"));
    const moved = [...text.slice(0, audio), ...VP8, text[audio], ""].join("\r\n");
    const { media, seen } = createMedia();
    expect(lineOf(media.answerOffer(moved), "m=")).toEqual(["m=video 4002 RTP/AVP 96", "m=audio 4000 RTP/AVP 0"]);
    expect(seen()?.port).toBe(5_002);
  });

  it("has a key of its own in either direction", () => {
    const { media, seen } = createMedia("required");
    const offer = offerOf(
      `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`,
      ...VP8,
      `a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`,
    );
    const answer = media.answerOffer(offer.replaceAll("RTP/AVP", "RTP/SAVP"));
    const [sound = "", picture = ""] = lineOf(answer, "a=crypto");
    expect([sound.slice(0, 11), picture.slice(0, 11)]).toEqual(["a=crypto:1 ", "a=crypto:4 "]);
    expect(picture.slice(11)).not.toBe(sound.slice(11));
    expect(seen()?.srtp).toMatchObject({ receive: { key: KEY } });
    expect(picture).toContain(seen()?.srtp?.send.key);
  });

  it("is offered, held with the sound, and dropped by whoever has none", () => {
    const [ours, theirs] = [createMedia("off"), createMedia("off")];
    const offer = ours.media.createOffer();
    expect(lineOf(offer, "a=rtpmap").slice(1)).toEqual(["a=rtpmap:96 VP8/90000", "a=rtpmap:97 H264/90000"]);
    expect(ours.media.applyAnswer(theirs.media.answerOffer(offer ?? "") ?? "")).toBe(true);
    expect([ours.seen(), theirs.seen()]).toMatchObject([
      { codec: "vp8", payloadType: 96, direction: "sendrecv" },
      { codec: "vp8", payloadType: 96, direction: "sendrecv" },
    ]);
    ours.media.setDirection("sendonly");
    expect(ours.media.applyAnswer(theirs.media.answerOffer(ours.media.createOffer() ?? "") ?? "")).toBe(true);
    expect([ours.seen()?.direction, theirs.seen()?.direction]).toEqual(["sendonly", "recvonly"]);

    const deaf = createMedia("off", false);
    const again = createMedia("off");
    expect(again.media.applyAnswer(deaf.media.answerOffer(again.media.createOffer() ?? "") ?? "")).toBe(true);
    expect(again.seen()).toBeUndefined();
  });
});

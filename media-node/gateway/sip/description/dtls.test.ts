import { describe, expect, it } from "vitest";
import { CODECS } from "../testing/test-call.ts";
import { type AudioAgreement, type AudioMediaOptions, createAudioMedia } from "./audio-media.ts";

const HASH = Array.from({ length: 32 }, () => "AB").join(":");
const OWN = {
  fingerprint: { algorithm: "sha-256", value: HASH },
  ice: { ufrag: "AAown", password: "ownPasswordOf22Letters" },
};
const ICE = ["a=ice-ufrag:peer", "a=ice-pwd:peerPasswordOf22Letter"];

function create(more: Partial<AudioMediaOptions> = {}) {
  const agreements: AudioAgreement[] = [];
  const media = createAudioMedia({
    ...{ address: "192.0.2.1", port: 4_000, codecs: CODECS, sessionId: "77", dtls: OWN },
    agreed: agreement => agreements.push(agreement),
    ...more,
  });
  return { media, agreements };
}
const sdp = (audio: readonly string[], session: readonly string[] = [], protocol = "UDP/TLS/RTP/SAVPF"): string =>
  [
    ...["v=0", "o=peer 1 1 IN IP4 192.0.2.9", "s=-", "c=IN IP4 192.0.2.9", "t=0 0", ...session],
    ...[`m=audio 5000 ${protocol} 111`, "a=rtpmap:111 opus/48000/2", ...audio, ""],
  ].join("\r\n");
const linesOf = (text: string | undefined): string[] => (text ?? "").split("\r\n");

describe("keys by DTLS in descriptions", () => {
  it("are answered to a browser with ICE-lite, one port, its m-line's name and its bundle", () => {
    const { media, agreements } = create();
    const offer = sdp(
      [`a=fingerprint:sha-256 ${HASH}`, "a=setup:actpass", "a=mid:0", "a=rtcp-mux", ...ICE],
      ["a=group:BUNDLE 0"],
    );
    const answer = linesOf(media.answerOffer(offer));
    expect(answer).toEqual(
      expect.arrayContaining([
        ...["a=ice-lite", "a=group:BUNDLE 0", "m=audio 4000 UDP/TLS/RTP/SAVPF 111", `a=fingerprint:sha-256 ${HASH}`],
        ...["a=setup:passive", "a=rtcp-mux", "a=mid:0", "a=ice-ufrag:AAown", "a=ice-pwd:ownPasswordOf22Letters"],
      ]),
    );
    expect(answer.some(line => /^a=candidate:.* 192\.0\.2\.1 4000 typ host$/.test(line))).toBe(true);
    expect(answer.indexOf("a=ice-lite")).toBeLessThan(answer.findIndex(line => line.startsWith("m=")));
    expect(agreements.at(-1)?.dtls).toEqual({
      fingerprint: { algorithm: "sha-256", value: HASH },
      ice: { ufrag: "peer", password: "peerPasswordOf22Letter" },
      isMuxed: true,
    });
  });

  it("are answered without ICE to who has none, also where the older name of the protocol stands", () => {
    for (const protocol of ["UDP/TLS/RTP/SAVP", "RTP/SAVP", "RTP/SAVPF"]) {
      const { media, agreements } = create();
      const answer = media.answerOffer(sdp([`a=setup:active`], [`a=fingerprint:sha-256 ${HASH}`], protocol));
      expect(answer, protocol).toContain(`m=audio 4000 ${protocol} 111`);
      expect(answer).not.toMatch(/ice|rtcp-mux|crypto/);
      expect(agreements.at(-1)?.dtls).toMatchObject({ isMuxed: false });
    }
  });

  it("are refused where there can be none, where the peer leaves us the active side, and without a hash", () => {
    const offer = sdp([`a=fingerprint:sha-256 ${HASH}`, "a=setup:actpass"]);
    expect(create({ dtls: undefined }).media.answerOffer(offer)).toBeUndefined();
    expect(create().media.answerOffer(offer.replace("actpass", "passive"))).toBeUndefined();
    expect(create().media.answerOffer(offer.replace("sha-256", "md5"))).toBeUndefined();
    expect(create().media.answerOffer(sdp(["a=setup:actpass"]))).toBeUndefined();
    expect(create().media.answerOffer(offer)).toBeDefined();
  });

  it("are offered so, and taken only from an answer with keys by DTLS in which the peer is the active side", () => {
    const active = [`a=fingerprint:sha-256 ${HASH}`, "a=setup:active", "a=mid:0", "a=rtcp-mux"];
    const offered = () => {
      const { media, agreements } = create({ offersDtls: true });
      return { media, agreements, offer: media.createOffer() };
    };
    const first = offered();
    expect(linesOf(first.offer)).toEqual(
      expect.arrayContaining(["a=setup:actpass", "a=rtcp-mux", "a=ice-lite", "a=mid:0", "a=group:BUNDLE 0"]),
    );
    const answer = sdp(active).replaceAll("111", "96");
    expect(first.media.applyAnswer(answer)).toBe(true);
    expect(first.agreements.at(-1)).toMatchObject({ srtp: undefined, dtls: { isMuxed: true } });
    expect(offered().media.applyAnswer(answer.replace("setup:active", "setup:passive"))).toBe(false);
    expect(offered().media.applyAnswer(answer.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"))).toBe(false);
    expect(offered().media.applyAnswer(answer.replace(/a=fingerprint.*\r\n/, ""))).toBe(false);
    // A hold by us keeps what identifies our end.
    first.media.setDirection("sendonly");
    expect(first.media.createOffer()).toContain(`a=fingerprint:sha-256 ${HASH}`);
  });
});

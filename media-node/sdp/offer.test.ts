import { describe, expect, it } from "vitest";
import { fixture, negotiationOf, OFFERS, offerOf } from "./fixtures.testing.ts";
import { negotiate } from "./negotiate.ts";
import { parseOffer } from "./offer.ts";

/** One line for each m-line: mid, kind, our direction, codecs with their RTX, rids. */
function summary(name: string): string[] {
  return negotiationOf(fixture(name)).media.map(media => {
    const codecs = media.codecs.map(({ name, payloadType, rtxPayloadType }) =>
      rtxPayloadType < 0 ? `${name} ${payloadType}` : `${name} ${payloadType}+${rtxPayloadType}`,
    );
    const rids = media.rids.length > 0 ? ` [${media.rids.map(({ id }) => id).join(" ")}]` : "";
    const red = media.redPayloadType < 0 ? "" : ` red ${media.redPayloadType}`;
    return `${media.mid} ${media.kind} ${media.refusal ?? media.direction} ${codecs.join(", ")}${red}${rids}`.trim();
  });
}

function errorOf(text: string): string {
  const parsed = parseOffer(text);
  const result = parsed.ok ? negotiate(parsed.value) : parsed;
  return result.ok ? "none" : `${result.error.line}: ${result.error.reason}`;
}

describe("negotiating the offer of", () => {
  it("the SDK in Chromium", () => {
    const slots = (from: number, count: number, media: string) =>
      Array.from({ length: count }, (_, i) => `${from + i} ${media}`);
    expect(summary("chromium-sdk")).toEqual([
      "0 audio recvonly opus 111 red 63",
      "1 video recvonly VP8 96+97, H264 108+109 [q h f]",
      "2 video recvonly VP8 96+97, H264 108+109",
      "3 audio recvonly opus 111 red 63",
      ...slots(4, 12, "audio sendonly opus 111 red 63"),
      ...slots(16, 9, "video sendonly VP8 96+97, H264 108+109"),
      "25 application sendrecv",
    ]);
  });

  it("the SDK in Firefox: bundle-only m-lines with port 0 are alive", () => {
    expect(summary("firefox-sdk")).toEqual([
      "0 audio recvonly opus 109",
      "1 video recvonly VP8 120+124 [q h f]",
      "2 video recvonly VP8 120+124",
      "3 audio recvonly opus 109",
      "4 audio sendonly opus 109",
      "5 audio sendonly opus 109",
      "6 video sendonly VP8 120+124",
      "7 application sendrecv",
    ]);
    const [, camera] = negotiationOf(fixture("firefox-sdk")).media;
    expect(camera?.ssrcs).toHaveLength(3);
    expect(camera?.ssrcs.every(({ rtxSsrc }) => rtxSsrc > 0)).toBe(true);
    expect(camera?.extensions).toMatchObject({ mid: 3, rid: 9, repairedRid: 10, absSendTime: 4, transportCc: 7 });
  });

  it.each([
    ["chromium-bare", ["0 audio sendrecv opus 111 red 63", "1 video sendrecv VP8 96+97, H264 108+109"]],
    ["chromium-whip", ["0 audio recvonly opus 111 red 63", "1 video recvonly VP8 96+97, H264 108+109 [l h]"]],
    ["chromium-whep", ["0 audio sendonly opus 111 red 63", "1 video sendonly VP8 96+97, H264 108+109"]],
    ["chromium-h264", ["0 video recvonly H264 108+109", "1 audio recvonly opus 111"]],
    ["chromium-opus", ["0 audio sendrecv opus 111"]],
    ["chromium-vp9", ["0 video no-shared-codec", "1 audio no-shared-codec", "2 application sendrecv"]],
    ["firefox-bare", ["0 audio sendrecv opus 109", "1 video sendrecv VP8 120+124"]],
    ["firefox-whip", ["0 audio recvonly opus 109", "1 video recvonly VP8 120+124 [l h]"]],
    [
      "werift",
      [
        "0 audio sendrecv opus 96",
        "1 video recvonly VP8 97, H264 98",
        "2 video sendonly VP8 97, H264 98",
        "3 application sendrecv",
      ],
    ],
    [
      "aiortc",
      [
        "0 audio sendrecv opus 96",
        "1 video sendrecv VP8 97+98, H264 101+102",
        "2 video sendonly VP8 97+98, H264 101+102",
        "3 application sendrecv",
      ],
    ],
    ["obs", ["0 audio recvonly opus 111", "1 video recvonly H264 96"]],
    ["simple-whip-client", ["video0 video recvonly VP8 96", "audio1 audio recvonly opus 100"]],
    ["ffmpeg", ["0 audio recvonly opus 111", "1 video recvonly H264 106+105"]],
  ])("%s", (name, expected) => {
    expect(summary(name)).toEqual(expected);
  });

  it("nobody is left out of these tests", () => {
    expect(OFFERS).toHaveLength(15);
  });
});

describe("what an offer declares", () => {
  it("gives an extension id one meaning: libraries offer it with several, and then misread the second", () => {
    const [audio, video] = negotiationOf(fixture("aiortc")).media;
    expect([audio?.extensions.audioLevel, audio?.extensions.absSendTime]).toEqual([2, 0]);
    expect([video?.extensions.audioLevel, video?.extensions.absSendTime]).toEqual([0, 0]);
    expect(video?.extensionLines).toEqual(["1 urn:ietf:params:rtp-hdrext:sdes:mid"]);
  });

  it("names streams, tracks and SSRCs", () => {
    const [video] = negotiationOf(fixture("chromium-h264")).media;
    expect(video?.msid).toEqual({
      stream: "24b2f820-b427-4387-bcec-4a8ef6bde45e",
      track: "5b3eba50-38fa-4eb9-9671-784f35255191",
    });
    expect(video?.ssrcs).toEqual([{ ssrc: 2339715508, rtxSsrc: 2354543658, cname: "lP8XyXxYTAXTpC9v" }]);
  });

  it("tells paused layers, takes the first of alternatives and drops undeclared ones", () => {
    const text = fixture("chromium-whip").replace("a=simulcast:send l;h", "a=simulcast:recv x send ~h,l;nobody;l");
    expect(negotiationOf(text).media[1]).toMatchObject({
      rids: [
        { id: "h", paused: true },
        { id: "l", paused: false },
      ],
      simulcast: true,
    });
  });

  it("is one transport: that of the first m-line in the BUNDLE group", () => {
    const { transport } = negotiationOf(fixture("aiortc"));
    expect(transport.ufrag).toBe("A49Q");
    const swapped = fixture("aiortc").replace("BUNDLE 0 1 2 3", "BUNDLE 1 0 2 3");
    expect(negotiationOf(swapped).transport.ufrag).toBe("eDNB");
    expect(negotiationOf(swapped).tag).toBe(1);
  });

  it("may stand at session level", () => {
    const { transport } = negotiationOf(fixture("obs"));
    expect(transport).toMatchObject({ ufrag: "eI4R", fingerprints: [{ algorithm: "sha-256" }] });
  });

  it("of header extensions at session level holds for every m-line", () => {
    const text = fixture("obs").replace("t=0 0", "t=0 0\r\na=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid");
    expect(negotiationOf(text).media.map(({ extensions }) => extensions.mid)).toEqual([3, 3]);
  });

  it("of header extensions is bounded, and ids beyond one-byte headers are left alone", () => {
    const extmap = "a=extmap:15 urn:ietf:params:rtp-hdrext:sdes:mid\r\n";
    expect(negotiationOf(fixture("obs").replace("a=mid:0\r\n", `a=mid:0\r\n${extmap}`)).media[0]?.extensions.mid).toBe(
      0,
    );
    expect(errorOf(fixture("obs") + extmap.repeat(65))).toContain("more than 64 a=extmap lines");
  });

  it("of data channels is read in the form of the drafts too", () => {
    expect(negotiationOf(fixture("aiortc")).media[3]?.sctp).toEqual({
      port: 5000,
      maxMessageSize: 65536,
      legacy: true,
    });
    expect(negotiationOf(fixture("werift")).media[3]?.sctp).toEqual({
      port: 5000,
      maxMessageSize: 65536,
      legacy: false,
    });
  });
});

describe("m-lines that carry nothing", () => {
  const base = fixture("chromium-bare");
  it.each([
    ["a stopped transceiver", base.replace("m=video 9", "m=video 0"), "stopped-by-offerer"],
    ["an unknown kind", base.replace("m=video 9", "m=text 9"), "unsupported-kind"],
    ["plain RTP", base.replace("m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 RTP/AVP"), "unsupported-protocol"],
    ["RTCP of its own", base.replace(/(m=video[\s\S]*)a=rtcp-mux\r\n/, "$1"), "no-rtcp-mux"],
    ["a transport of its own", base.replace("BUNDLE 0 1", "BUNDLE 0"), "not-bundled"],
    ["codecs that we lack", base.replaceAll(/(a=rtpmap:\d+ )(VP8|H264)/g, "$1other"), "no-shared-codec"],
    [
      "something else than data channels",
      base.replace(/m=video[\s\S]*/, "m=application 9 UDP/BFCP *\r\na=mid:1\r\n"),
      "unsupported-protocol",
    ],
  ])("%s", (_, text, refusal) => {
    const [audio, video] = negotiationOf(text).media;
    expect(audio?.refusal).toBeUndefined();
    expect(video?.refusal).toBe(refusal);
    expect(video?.codecs).toEqual([]);
  });

  it("H.264 without packetization mode 1 or in other profiles isn't shared; plain baseline is second best", () => {
    const offer = (fmtp: string) => fixture("obs").replace(/a=fmtp:96 .*/, `a=fmtp:96 ${fmtp}`);
    const codecs = (fmtp: string) => negotiationOf(offer(fmtp)).media[1]?.codecs.map(({ parameters }) => parameters);
    expect(codecs("profile-level-id=42e01f")).toEqual([]);
    expect(codecs("packetization-mode=1")).toEqual([]);
    expect(codecs("packetization-mode=1;profile-level-id=4d001f")).toEqual([]);
    expect(codecs("packetization-mode=1;profile-level-id=42001f")).toEqual([
      "packetization-mode=1;profile-level-id=42001f",
    ]);
    expect(codecs("packetization-mode=1; Profile-Level-Id=42C01F")).toEqual([
      "packetization-mode=1;profile-level-id=42C01F",
    ]);
  });
});

describe("an offer that can't be answered", () => {
  const base = fixture("chromium-opus");
  const drop = (name: string) => base.replace(new RegExp(`a=${name}:.*\r\n`), "");
  const needsFingerprint = "no a=fingerprint of sha-256, sha-384 or sha-512 for this m= line";
  it.each([
    [
      "is ICE-lite",
      base.replace("t=0 0", "t=0 0\r\na=ice-lite"),
      "a=ice-lite",
      "ICE-lite at both ends: neither would ever check",
    ],
    [
      "is passive",
      base.replace("actpass", "passive"),
      "a=setup:",
      "a=setup must be actpass or active in an offer: the answerer is always passive",
    ],
    ["has no ufrag", drop("ice-ufrag"), "m=audio", "no a=ice-ufrag for this m= line"],
    ["has no password", drop("ice-pwd"), "m=audio", "no a=ice-pwd for this m= line"],
    ["has no fingerprint", drop("fingerprint"), "m=audio", needsFingerprint],
    ["has a weak fingerprint only", base.replace("sha-256", "sha-1"), "m=audio", needsFingerprint],
    [
      "has a cut fingerprint",
      base.replace(/(a=fingerprint:sha-256 ..):../, "$1"),
      "a=fingerprint",
      "a=fingerprint of sha-256 needs 32 hex bytes with colons between",
    ],
    [
      "has a short password",
      base.replace(/(a=ice-pwd:.{21}).*/, "$1"),
      "a=ice-pwd",
      "a=ice-pwd must be 22 to 256 visible characters",
    ],
    [
      "uses a mid twice",
      fixture("chromium-bare").replace("a=mid:1", "a=mid:0"),
      "m=video",
      "a second m= line with mid 0",
    ],
    ["has a bad mid", base.replace("a=mid:0", "a=mid:a b"), "a=mid", "a=mid must be a token"],
    ["has a bad extension", base.replace("a=extmap:", "a=extmap:x"), "a=extmap:x", "a=extmap needs an id and a URI"],
    [
      "has a bad rid",
      fixture("chromium-whip").replace("a=rid:l send", "a=rid:l up"),
      "a=rid",
      "a=rid needs a direction: send or recv",
    ],
    ["has a bad SSRC", base.replace(/a=ssrc:\d+/, "a=ssrc:4294967296"), "a=ssrc", "an SSRC must fit into 32 bits"],
    [
      "has no SCTP port",
      fixture("chromium-vp9").replace(/a=sctp-port:.*\r\n/, ""),
      "m=application",
      "no a=sctp-port for this m= line",
    ],
    [
      "is a telephone's",
      fixture("sip"),
      "m=audio",
      "no m= line that can be answered (the first one: unsupported-protocol)",
    ],
  ])("because it %s: says where and why", (_, text, where, reason) => {
    const line = text.split("\r\n").findIndex(each => each.startsWith(where)) + 1;
    expect(errorOf(text)).toBe(`${line}: ${reason}`);
  });

  it("because it has no m-line says so", () => {
    expect(errorOf(base.replace(/m=[\s\S]*/, ""))).toBe("0: no m= line");
  });

  it("still is, whatever stands in m-lines that were stopped", () => {
    const text = fixture("chromium-bare")
      .replace("m=video 9", "m=video 0")
      .replace("a=rtpmap:96 VP8/90000", "a=rtpmap:96");
    expect(offerOf(text).media[1]).toMatchObject({ rejected: true, formats: [] });
  });
});

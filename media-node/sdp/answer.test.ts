import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerDirection, createAnswer, type MediaPlan } from "./answer.ts";
import { fixture, negotiationOf, OFFERS, planFor } from "./fixtures.testing.ts";
import { isRejected } from "./negotiate.ts";
import { parseDescription } from "./parse.ts";
import { readDirection } from "./rtp-formats.ts";

const SLOT = { ssrc: 11, rtxSsrc: 12, streamId: "them", trackId: "their-camera" };

function answerTo(name: string, media?: readonly (MediaPlan | undefined)[], red?: "accept" | "prefer"): string {
  const negotiation = negotiationOf(fixture(name));
  return createAnswer(negotiation, { ...planFor(negotiation, media), red });
}

/** The lines of one m-line of an answer. */
function sectionOf(answer: string, index: number): string[] {
  return answer
    .split(/(?=^m=)/m)
    [index + 1]!.trimEnd()
    .split("\r\n");
}

describe("an answer", () => {
  it("to a WHEP player is this", () => {
    const slots = [{ send: { ...SLOT, trackId: "sound" } }, { send: { ...SLOT, ssrc: 21, rtxSsrc: 22 } }];
    expect(answerTo("chromium-whep", slots).split("\r\n")).toEqual([
      "v=0",
      "o=- 4711 1 IN IP4 127.0.0.1",
      "s=-",
      "t=0 0",
      "a=ice-lite",
      "a=extmap-allow-mixed",
      "a=group:BUNDLE 0 1",
      "a=ice-ufrag:AAufragx",
      "a=ice-pwd:passwordpasswordpassword",
      "a=fingerprint:sha-256 AB:CD",
      "a=setup:passive",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "c=IN IP4 0.0.0.0",
      "a=mid:0",
      "a=setup:passive",
      "a=rtcp-mux",
      "a=rtcp-rsize",
      "a=sendonly",
      "a=rtpmap:111 opus/48000/2",
      "a=rtcp-fb:111 transport-cc",
      "a=fmtp:111 minptime=10;useinbandfec=1",
      "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
      "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
      "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
      "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
      "a=msid:them sound",
      "a=ssrc:11 cname:tandem",
      "a=candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host",
      "a=end-of-candidates",
      "m=video 9 UDP/TLS/RTP/SAVPF 96 97 108 109",
      "c=IN IP4 0.0.0.0",
      "a=mid:1",
      "a=setup:passive",
      "a=rtcp-mux",
      "a=rtcp-rsize",
      "a=sendonly",
      "a=rtpmap:96 VP8/90000",
      "a=rtcp-fb:96 nack",
      "a=rtcp-fb:96 nack pli",
      "a=rtcp-fb:96 ccm fir",
      "a=rtcp-fb:96 goog-remb",
      "a=rtcp-fb:96 transport-cc",
      "a=rtpmap:97 rtx/90000",
      "a=fmtp:97 apt=96",
      "a=rtpmap:108 H264/90000",
      "a=rtcp-fb:108 nack",
      "a=rtcp-fb:108 nack pli",
      "a=rtcp-fb:108 ccm fir",
      "a=rtcp-fb:108 goog-remb",
      "a=rtcp-fb:108 transport-cc",
      "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
      "a=rtpmap:109 rtx/90000",
      "a=fmtp:109 apt=108",
      "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
      "a=extmap:13 urn:3gpp:video-orientation",
      "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
      "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
      "a=msid:them their-camera",
      "a=ssrc-group:FID 21 22",
      "a=ssrc:21 cname:tandem",
      "a=ssrc:22 cname:tandem",
      "",
    ]);
  });

  it("takes every layer of a camera, also while nothing may be sent: what is left out is forgotten for good", () => {
    for (const plan of [{ receive: true }, undefined]) {
      const section = sectionOf(answerTo("firefox-sdk", [undefined, plan]), 1);
      expect(section).toContain(plan === undefined ? "a=inactive" : "a=recvonly");
      expect(section.filter(line => /^a=(?:rid|simulcast)/.test(line))).toEqual([
        "a=rid:q recv",
        "a=rid:h recv",
        "a=rid:f recv",
        "a=simulcast:recv q;h;f",
      ]);
      expect(section).toContain("a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id");
      expect(section.some(line => line.startsWith("a=ssrc"))).toBe(false);
    }
  });

  it("leaves paused layers paused: naming them without ~ would make Chromium send them", () => {
    const negotiation = negotiationOf(fixture("chromium-whip").replace("send l;h", "send l;~h"));
    expect(createAnswer(negotiation, planFor(negotiation))).toContain("a=simulcast:recv l;~h\r\n");
  });

  it("keeps an m-line without a shared codec inactive, under a codec of the offer", () => {
    const answer = answerTo("chromium-vp9");
    expect(answer).toContain("a=group:BUNDLE 0 1 2\r\n");
    expect(sectionOf(answer, 0)).toEqual([
      "m=video 9 UDP/TLS/RTP/SAVPF 98",
      "c=IN IP4 0.0.0.0",
      "a=mid:0",
      "a=setup:passive",
      "a=rtcp-mux",
      "a=rtcp-rsize",
      "a=inactive",
      "a=rtpmap:98 VP9/90000",
      "a=fmtp:98 profile-id=0",
      "a=candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host",
      "a=end-of-candidates",
    ]);
    expect(sectionOf(answer, 1)).toContain("m=audio 9 UDP/TLS/RTP/SAVPF 0");
  });

  it("rejects what has no legal other answer, out of the BUNDLE group, and puts candidates on the next", () => {
    const negotiation = negotiationOf(fixture("chromium-bare").replace(/m=audio \d+/, "m=text 9"));
    const answer = createAnswer(negotiation, planFor(negotiation));
    expect(answer).toContain("a=group:BUNDLE 1\r\n");
    expect(sectionOf(answer, 0)).toEqual([
      "m=text 0 UDP/TLS/RTP/SAVPF 111",
      "c=IN IP4 0.0.0.0",
      "a=mid:0",
      "a=inactive",
    ]);
    expect(sectionOf(answer, 1).at(-1)).toBe("a=end-of-candidates");
  });

  it("answers data channels in the form in which they were offered", () => {
    expect(sectionOf(answerTo("firefox-sdk"), 7)).toEqual([
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
      "c=IN IP4 0.0.0.0",
      "a=mid:7",
      "a=setup:passive",
      "a=sctp-port:5000",
      "a=max-message-size:262144",
    ]);
    expect(sectionOf(answerTo("aiortc"), 3)).toEqual([
      "m=application 9 DTLS/SCTP 5000",
      "c=IN IP4 0.0.0.0",
      "a=mid:3",
      "a=setup:passive",
      "a=sctpmap:5000 webrtc-datachannel 65535",
      "a=max-message-size:262144",
    ]);
  });

  it("leaves out RED, lists it behind Opus, or prefers it", () => {
    expect(sectionOf(answerTo("chromium-whep"), 0)[0]).toBe("m=audio 9 UDP/TLS/RTP/SAVPF 111");
    const accepted = sectionOf(answerTo("chromium-whep", undefined, "accept"), 0);
    expect(accepted[0]).toBe("m=audio 9 UDP/TLS/RTP/SAVPF 111 63");
    expect(accepted).toContain("a=rtpmap:63 red/48000/2");
    expect(accepted).toContain("a=fmtp:63 111/111");
    expect(sectionOf(answerTo("chromium-whep", undefined, "prefer"), 0)[0]).toBe("m=audio 9 UDP/TLS/RTP/SAVPF 63 111");
    expect(sectionOf(answerTo("firefox-bare", undefined, "prefer"), 0)[0]).toBe("m=audio 9 UDP/TLS/RTP/SAVPF 109");
  });

  it("promises no transport-wide feedback where none is sent", () => {
    const negotiation = negotiationOf(fixture("chromium-whip"));
    const plan = planFor(negotiation);
    expect(createAnswer(negotiation, plan)).toMatch(/transport-cc.*transport-wide/s);
    expect(createAnswer(negotiation, { ...plan, transportFeedback: false })).not.toMatch(
      /transport-cc|transport-wide/s,
    );
  });

  it("asks for stereo only who says that it sends some", () => {
    expect(answerTo("obs")).toContain("a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n");
    expect(answerTo("firefox-bare")).toContain("a=fmtp:109 minptime=10;useinbandfec=1\r\n");
  });

  it("declares no retransmission stream where no codec has one", () => {
    expect(answerTo("werift")).not.toContain("FID");
  });

  it("refuses a plan that would break out of its line", () => {
    const bad = [{ send: { ...SLOT, trackId: "x\r\na=ice-lite" } }];
    expect(() => answerTo("chromium-whep", bad)).toThrow(TypeError);
  });
});

describe("every answer to every offer, whatever is granted", () => {
  it.each(OFFERS)("%s: same m-lines, offered formats only, legal directions, one transport", name => {
    const negotiation = negotiationOf(fixture(name));
    const { offer } = negotiation;
    const grant = fc.option(fc.record({ receive: fc.boolean(), send: fc.constantFrom(SLOT, undefined) }), {
      nil: undefined,
    });
    const length = offer.media.length;
    fc.assert(
      fc.property(fc.array(grant, { minLength: length, maxLength: length }), media => {
        const answer = parseDescription(createAnswer(negotiation, planFor(negotiation, media)));
        expect(answer.media.length).toBe(length);
        answer.media.forEach((section, i) => {
          const offered = offer.media[i]!;
          expect([section.kind, section.protocol]).toEqual([offered.section.kind, offered.section.protocol]);
          expect(offered.section.formats).toEqual(expect.arrayContaining([...section.formats]));
          expect(section.attributes.find(each => each.name === "mid")?.value ?? "").toBe(offered.mid);
          expect(section.port === 0).toBe(isRejected(negotiation.media[i]!));
          if (!offered.rtp) return;
          const direction = readDirection(section)!;
          expect(direction).toBe(answerDirection(negotiation.media[i]!, media[i]));
          if (direction.startsWith("send") && direction !== "inactive") expect(offered.direction).toMatch(/recv/);
          if (direction.endsWith("recv") || direction === "recvonly") expect(offered.direction).toMatch(/send/);
        });
        const carriers = answer.media.filter(section => section.attributes.some(each => each.name === "candidate"));
        expect(carriers).toEqual([answer.media[negotiation.tag]]);
      }),
      { numRuns: 20 },
    );
  });
});

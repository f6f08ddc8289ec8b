import { describe, expect, it } from "vitest";
import { attribute } from "../../../sdp/description.ts";
import { CODECS } from "../testing/test-call.ts";
import { type AudioAgreement, type AudioMediaOptions, createAudioMedia } from "./audio-media.ts";
import { createSdesKey, formatCrypto, readCrypto } from "./sdes.ts";

function create(srtp: NonNullable<AudioMediaOptions["srtp"]>) {
  const agreements: AudioAgreement[] = [];
  const agreed = (agreement: AudioAgreement): void => void agreements.push(agreement);
  const media = createAudioMedia({ address: "192.0.2.1", port: 4000, codecs: CODECS, sessionId: "77", srtp, agreed });
  return { media, agreements };
}

const KEY = createSdesKey("AES_CM_128_HMAC_SHA1_80");
const media = (...lines: string[]) => ({
  ...{ kind: "audio", port: 4000, protocol: "RTP/SAVP", formats: ["0"], line: 0 },
  attributes: lines.map(line => attribute("crypto", line)),
});

describe("a key in a description", () => {
  it("is the first that can be used; what asks for more than a key is passed over", () => {
    const line = `7 AES_CM_128_HMAC_SHA1_80 inline:${KEY.key}`;
    expect(readCrypto(media(line))).toEqual({ tag: "7", key: KEY });
    expect(readCrypto(media(`${line}|2^20`))).toEqual({ tag: "7", key: KEY });
    expect(formatCrypto({ tag: "7", key: KEY })).toBe(line);
    const useless = [
      `1 AES_CM_128_HMAC_SHA1_32 inline:${KEY.key}`,
      `2 AES_CM_128_HMAC_SHA1_80 inline:${KEY.key.slice(4)}`,
      `3 AES_CM_128_HMAC_SHA1_80 inline:${KEY.key}|2^20|1:4`,
      `4 AES_CM_128_HMAC_SHA1_80 inline:${KEY.key} UNENCRYPTED_SRTP`,
      `5 AES_CM_128_HMAC_SHA1_80 inline:${KEY.key};inline:${KEY.key}`,
      "6 AES_CM_128_HMAC_SHA1_80 inline:",
      "",
    ];
    expect(readCrypto(media(...useless))).toBeUndefined();
    expect(readCrypto(media(...useless, line))?.tag).toBe("7");
  });
});

describe("encryption", () => {
  it.each([
    ["required", "required", true],
    ["required", "optional", true],
    ["optional", "optional", false],
    ["optional", "off", false],
    ["off", "optional", false],
    ["off", "off", false],
  ] as const)("by an offer of who has it %s, to who has it %s", (offering, answering, isEncrypted) => {
    const [caller, callee] = [create(offering), create(answering)];
    expect(caller.media.applyAnswer(callee.media.answerOffer(caller.media.createOffer()) ?? "")).toBe(true);
    const [out, back] = [caller.agreements[0]?.srtp, callee.agreements[0]?.srtp];
    expect(out !== undefined).toBe(isEncrypted);
    expect(out?.send).toEqual(back?.receive);
    expect(out?.receive).toEqual(back?.send);
    // A later offer, by either side, changes no key.
    expect(callee.media.applyAnswer(caller.media.answerOffer(callee.media.createOffer()) ?? "")).toBe(true);
    expect([caller.agreements.at(-1)?.srtp, callee.agreements.at(-1)?.srtp]).toEqual([out, back]);
  });

  it.each([
    ["required", "off"],
    ["off", "required"],
    ["optional", "required"],
  ] as const)("is not agreed on by who has it %s and who has it %s", (offering, answering) => {
    const [caller, callee] = [create(offering), create(answering)];
    expect(callee.media.answerOffer(caller.media.createOffer())).toBeUndefined();
    expect(callee.agreements).toEqual([]);
  });

  it("never takes up a key of ours again that was left for another suite, or for none", () => {
    const { media, agreements } = create("optional");
    const offers = [
      "AES_CM_128_HMAC_SHA1_80",
      "AEAD_AES_128_GCM",
      "AES_CM_128_HMAC_SHA1_80",
      undefined,
      "AEAD_AES_128_GCM",
    ] as const;
    for (const [i, suite] of [...offers, "AEAD_AES_128_GCM" as const].entries()) {
      const crypto = suite && `a=crypto:1 ${suite} inline:${createSdesKey(suite).key}\r\n`;
      const lines = ["v=0", `o=peer 1 ${i} IN IP4 192.0.2.9`, "s=-", "c=IN IP4 192.0.2.9", "t=0 0"];
      const audio = `m=audio 6000 RTP/${suite ? "SAVP" : "AVP"} 0`;
      expect(media.answerOffer(`${[...lines, audio, ""].join("\r\n")}${crypto ?? ""}`)).toContain(
        crypto ? "SAVP" : "AVP",
      );
    }
    const keys = agreements.map(({ srtp }) => srtp?.send.key);
    expect(new Set(keys.slice(0, 5)).size).toBe(5);
    expect(keys[5]).toBe(keys[4]);
  });

  it("is not taken back by an answer", () => {
    const { media: caller, agreements } = create("required");
    const offer = caller.createOffer();
    const plain = create("off").media.answerOffer(offer.replace("RTP/SAVP", "RTP/AVP")) ?? "";
    expect(caller.applyAnswer(plain)).toBe(false);
    const secure = create("required").media.answerOffer(offer) ?? "";
    expect(caller.applyAnswer(secure.replace("a=crypto:1", "a=crypto:2"))).toBe(false);
    expect(caller.applyAnswer(secure.replace("SHA1_80", "SHA1_32"))).toBe(false);
    expect(caller.applyAnswer(secure.replace(/a=crypto.*\r\n/, ""))).toBe(false);
    expect(agreements).toEqual([]);
  });
});

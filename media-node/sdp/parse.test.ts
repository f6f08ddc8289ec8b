import { describe, expect, it } from "vitest";
import { attempt } from "./failure.ts";
import { fixture, OFFERS } from "./fixtures.testing.ts";
import { formatDescription } from "./format.ts";
import { MAX_SDP_ATTRIBUTES, MAX_SDP_LENGTH, MAX_SDP_LINE, MAX_SDP_MEDIA, parseDescription } from "./parse.ts";
import { formatParameters, readDirection, readRtpFormats } from "./rtp-formats.ts";

const HEAD = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";

function errorOf(text: string): string {
  const result = attempt(() => parseDescription(text));
  return result.ok ? "none" : `${result.error.line}: ${result.error.reason}`;
}

describe("the line grammar", () => {
  it.each(["sip", ...OFFERS])("keeps everything that counts of %s through writing and reading", name => {
    const first = parseDescription(fixture(name));
    const second = parseDescription(formatDescription(first));
    const withoutLines = (value: unknown) => JSON.stringify(value, (key, each) => (key === "line" ? 0 : each));
    expect(withoutLines(second)).toBe(withoutLines(first));
  });

  it("takes bare line feeds, a missing last line end, and blank lines at the end", () => {
    const text = fixture("chromium-opus");
    const expected = parseDescription(text);
    expect(parseDescription(text.replaceAll("\r\n", "\n"))).toEqual(expected);
    expect(parseDescription(text.trimEnd())).toEqual(expected);
    expect(parseDescription(`${text}\r\n \n\n`)).toEqual(expected);
  });

  it.each([
    ["", "1: there is no o= line"],
    ["v=1\r\n", "1: the first line must be v=0"],
    ["v=0\r\n", "2: there is no o= line"],
    ["v=0\r\ns=-", "2: the second line must be o="],
    ["v=0\r\no=- 1 2 IN IP4", "2: o= needs: username, session id, version, IN, address type, address"],
    ["v=0\r\no=- 1 x IN IP4 0.0.0.0", "2: session id and version in o= must be numbers of at most 20 digits"],
    [`${HEAD}hello`, "5: every line is a letter, =, and a value"],
    [`${HEAD}x=1`, '5: "x"= is not a line of this place'],
    [`${HEAD}v=0`, "5: a second v="],
    [`${HEAD}m=audio`, "5: m= needs: kind, port, protocol, and at least one format"],
    [`${HEAD}m=audio 9 RTP/AVP`, "5: m= needs: kind, port, protocol, and at least one format"],
    [`${HEAD}m=audio x RTP/AVP 0`, "5: the port in m= must be a number"],
    [`${HEAD}m=audio 65536 RTP/AVP 0`, "5: the port in m= is above 65535"],
    [`${HEAD}m=au(dio 9 RTP/AVP 0`, "5: kind, protocol and formats in m= must be tokens"],
    [`${HEAD}m=audio 9 RTP/AVP 0\r\nt=0 0`, '6: "t"= is not a line of this place'],
    [`${HEAD}m=audio 9 RTP/AVP 0\r\nc=IN IP4`, "6: c= needs: IN, address type, address"],
    [`${HEAD}a=`, "5: a= needs a name"],
    [`${HEAD}a=mid\rx:0`, "5: carriage return or NUL inside a line"],
    [`${HEAD}a=mid:\0`, "5: carriage return or NUL inside a line"],
    [`${HEAD}\r\na=mid:0`, "5: empty line"],
  ])("names the line of what is wrong: %j", (text, error) => {
    expect(errorOf(text)).toBe(error);
  });

  it("bounds length, lines, m-lines and attributes", () => {
    expect(errorOf(HEAD.padEnd(MAX_SDP_LENGTH + 1, "\n"))).toContain("longer than");
    expect(errorOf(`${HEAD}a=x:${"y".repeat(MAX_SDP_LINE - 4)}`)).toBe("none");
    expect(errorOf(`${HEAD}a=x:${"y".repeat(MAX_SDP_LINE - 3)}`)).toContain("5: line longer than");
    const media = "m=audio 9 RTP/AVP 0\r\n";
    expect(errorOf(HEAD + media.repeat(MAX_SDP_MEDIA))).toBe("none");
    expect(errorOf(HEAD + media.repeat(MAX_SDP_MEDIA + 1))).toBe("205: more than 200 m= lines");
    expect(errorOf(HEAD + "a=x\n".repeat(MAX_SDP_ATTRIBUTES))).toBe("none");
    expect(errorOf(HEAD + "a=x\n".repeat(MAX_SDP_ATTRIBUTES + 1))).toContain("more than 1000 a= lines");
  });

  it("writes nothing that would break out of its line", () => {
    const description = parseDescription(fixture("sip"));
    expect(() => formatDescription({ ...description, name: "x\r\na=ice-lite" })).toThrow(TypeError);
  });
});

describe("payload types", () => {
  const formatsOf = (media: string) => readRtpFormats(parseDescription(HEAD + media).media[0]!);

  it("of a telephone's offer come in its order, static ones with their well-known meaning", () => {
    const { media } = parseDescription(fixture("sip"));
    expect(
      readRtpFormats(media[0]!).map(({ payloadType, name, clockRate, channels }) => [
        payloadType,
        name,
        clockRate,
        channels,
      ]),
    ).toEqual([
      [8, "PCMA", 8000, 1],
      [0, "PCMU", 8000, 1],
      [9, "G722", 8000, 1],
      [107, "opus", 48000, 2],
      [101, "telephone-event", 8000, 1],
    ]);
    expect(readDirection(media[0]!)).toBe("sendrecv");
    expect(media[0]?.connection?.address).toBe("198.51.100.8");
  });

  it("may be re-mapped, described in any order, and given feedback by wildcard", () => {
    const formats = formatsOf(
      "m=video 9 RTP/AVP 0 96\na=fmtp:96 b=2; C = 3\na=rtcp-fb:96 ccm fir\na=rtpmap:96 VP8/90000\na=rtpmap:0 H264/90000\na=rtcp-fb:* nack",
    );
    expect(formats).toMatchObject([
      { payloadType: 0, name: "H264", feedback: ["nack"] },
      { payloadType: 96, name: "VP8", feedback: ["ccm fir", "nack"], parameters: "b=2; C = 3" },
    ]);
    expect([...formatParameters("b=2; C = 3;;=4;d")]).toEqual([
      ["b", "2"],
      ["c", "3"],
    ]);
  });

  it("without a mapping, or that the m-line doesn't list, are left out", () => {
    expect(formatsOf("m=audio 9 RTP/AVP 97\na=rtpmap:98 opus/48000/2\na=fmtp:98 x=1")).toEqual([]);
  });

  it.each([
    ["m=audio 9 RTP/AVP x", "5: payload types in m= must be numbers"],
    ["m=audio 9 RTP/AVP 128", "5: payload type 128 is above 127"],
    ["m=audio 9 RTP/AVP 96\na=rtpmap:96", "6: a=rtpmap needs a payload type and a value"],
    ["m=audio 9 RTP/AVP 96\na=rtpmap:96 opus", "6: a=rtpmap needs a clock rate"],
    ["m=audio 9 RTP/AVP 96\na=rtpmap:96 opus/48000/x", "6: channels in a=rtpmap must be a number"],
    ["m=audio 9 RTP/AVP 96\na=fmtp:x y", "6: a=fmtp needs a payload type and a value"],
  ])("that are malformed are named: %j", (media, error) => {
    const result = attempt(() => formatsOf(media));
    expect(result.ok ? "none" : `${result.error.line}: ${result.error.reason}`).toBe(error);
  });

  it("collect feedback up to a bound", () => {
    const text = `m=audio 9 RTP/AVP 0 8\n${"a=rtcp-fb:* nack\n".repeat(900)}`;
    expect(formatsOf(text).map(({ feedback }) => feedback.length)).toEqual([32, 32]);
  });
});

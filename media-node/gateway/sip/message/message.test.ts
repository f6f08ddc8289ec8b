import { describe, expect, it } from "vitest";
import { rawRequest } from "../testing/raw.ts";
import { formatRequest } from "./format.ts";
import { headerName } from "./headers.ts";
import { formatNameAddress, parseNameAddress } from "./name-address.ts";
import { MAX_HEAD, parseMessage } from "./parse.ts";
import { parseParameters, splitOutside } from "./syntax.ts";
import { formatHostPort, isSameUri, parseUri, userOf } from "./uri.ts";
import { formatVia, parseVia, stampVia } from "./via.ts";

const uri = (text: string) => {
  const parsed = parseUri(text);
  if (!parsed) throw new Error(text);
  return parsed;
};
const parse = (text: string) => parseMessage(Buffer.from(text, "latin1"));

describe("URIs", () => {
  // RFC 3261 §19.1.4.
  it.each([
    ["sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;security=on"],
    ["sip:biloxi.com;transport=tcp;method=REGISTER", "sip:biloxi.com;method=REGISTER;transport=tcp"],
  ])("%s is %s", (a, b) => {
    expect(isSameUri(uri(a), uri(b)) && isSameUri(uri(b), uri(a))).toBe(true);
  });

  it.each([
    ["SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
    ["sip:bob@biloxi.com", "sips:bob@biloxi.com"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
    ["sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"],
    ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"],
    ["sip:a@b.com;user=phone", "sip:a@b.com"],
  ])("%s is not %s", (a, b) => {
    expect(isSameUri(uri(a), uri(b)) || isSameUri(uri(b), uri(a))).toBe(false);
  });

  it("hold numbers, addresses, ports and parameters", () => {
    expect(uri("sip:+1555:secret@[2001:DB8::1]:5062;lr;x=%41?h=1")).toMatchObject({
      user: "+1555:secret",
      host: "2001:db8::1",
      port: 5062,
      headers: "h=1",
    });
    expect(userOf(uri("sip:+1555:secret@example.com"))).toBe("+1555");
    expect(userOf(uri("tel:+1-201-555-0123;phone-context=x"))).toBe("+1-201-555-0123");
    expect(formatHostPort("2001:db8::1", 5060)).toBe("[2001:db8::1]:5060");
  });

  it.each([
    "",
    "sip:",
    "sip:a b@c",
    "sip:a@b@c",
    "sip:a@b:0",
    "sip:a@b:70000",
    "sip:a@[::g]",
    "sip:<a@b>",
    'sip:a@b;x=%"',
    "a@b",
  ])("%j is none", text => {
    expect(parseUri(text)).toBeUndefined();
  });
});

describe("names and addresses", () => {
  it("come back as they were written, whatever the name holds", () => {
    for (const displayName of ["", "Alice", 'J "Q" \\ Smith', "Bjørn 电话"]) {
      const written = formatNameAddress({ displayName, text: "sip:a@b.com;lr", parameters: new Map([["tag", "x"]]) });
      const read = parseNameAddress(written);
      expect(read).toMatchObject({ displayName, text: "sip:a@b.com;lr" });
      expect(read?.parameters.get("tag")).toBe("x");
    }
  });

  it("give parameters to the field where there are no brackets", () => {
    const bare = parseNameAddress("sip:a@b.com;tag=x;y");
    expect(bare).toMatchObject({ text: "sip:a@b.com" });
    expect(bare?.parameters).toEqual(
      new Map([
        ["tag", "x"],
        ["y", ""],
      ]),
    );
  });

  it("are split at commas that stand outside of quotes and brackets", () => {
    expect(splitOutside('"a,b" <sip:a,b@c>, <sip:d@e>', ",")).toEqual(['"a,b" <sip:a,b@c>', "<sip:d@e>"]);
    expect(splitOutside('"a', ",")).toBeUndefined();
    expect(parseParameters(";a;;b")).toBeUndefined();
  });
});

describe("Via", () => {
  it("notes where a request came from as RFC 3581 says", () => {
    const stamp = (text: string): string => {
      const via = parseVia(text);
      if (!via) throw new Error(text);
      return formatVia(stampVia(via, "192.0.2.1", 4711));
    };
    expect(stamp("SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKk")).toBe(
      "SIP/2.0/UDP 10.1.1.1:4540;rport=4711;branch=z9hG4bKk;received=192.0.2.1",
    );
    expect(stamp("SIP/2.0/UDP 192.0.2.1;branch=b")).toBe("SIP/2.0/UDP 192.0.2.1;branch=b");
    expect(stamp("SIP/2.0/TCP 192.0.2.1;received=10.0.0.1")).toBe("SIP/2.0/TCP 192.0.2.1");
  });
});

describe("messages", () => {
  it("end where their length says, and must be as long", () => {
    const text = rawRequest("INFO", { sdp: "v=0" });
    const parsed = parse(`${text}trailing`);
    expect(parsed?.kind === "request" && Buffer.from(parsed.request.body).toString()).toBe("v=0");
    expect(parse(text.slice(0, -1))?.kind).toBe("malformed");
  });

  it("are nothing with bare line ends, endless heads or too many fields", () => {
    const text = rawRequest("INFO");
    expect(parse(text.replaceAll("\r\n", "\n"))).toBeUndefined();
    expect(parse(text.replace("Max-Forwards", "Max\n-Forwards"))).toBeUndefined();
    expect(parse(text.replace("\r\n\r\n", `\r\nX: ${"x".repeat(MAX_HEAD)}\r\n\r\n`))).toBeUndefined();
    expect(parse(text.replace("\r\n\r\n", `${"\r\nX: y".repeat(300)}\r\n\r\n`))).toBeUndefined();
    expect(parse("\r\n\r\n")).toBeUndefined();
    expect(parse(rawRequest("ACK").replace("CSeq: 1", "CSeq: x"))).toBeUndefined();
  });

  it("take long to read for nobody", () => {
    // A quadratic reader would need minutes.
    for (const garbage of [
      "a ".repeat(7_000),
      ";a".repeat(7_000),
      '"\\'.repeat(7_000),
      "<".repeat(14_000),
      "%".repeat(14_000),
      "a,".repeat(7_000),
    ]) {
      for (const field of ["Via", "From", "To", "Contact", "Route", "CSeq", "Require"]) {
        parse(rawRequest("INVITE").replace("\r\nMax-Forwards", `\r\n${field}: ${garbage}\r\nMax-Forwards`));
      }
      parse(rawRequest("INVITE", { uri: `sip:${garbage}` }));
    }
  });

  it("spell their fields as usual, and never let a value out of its line", () => {
    expect(["call-id", "cseq", "www-authenticate", "min-se", "x-own"].map(headerName)).toEqual([
      "Call-ID",
      "CSeq",
      "WWW-Authenticate",
      "Min-SE",
      "X-Own",
    ]);
    const headers = new Map([["subject", ["a\r\nX: y"]]]);
    expect(() => formatRequest({ method: "INFO", uri: "sip:a@b", headers, body: new Uint8Array(0) })).toThrow(
      TypeError,
    );
  });
});

import { describe, expect, it } from "vitest";
import { parseMessage } from "./message/parse.ts";
import { userOf } from "./message/uri.ts";
import { createSipNet } from "./testing/sip-net.ts";
import { DEMANDING } from "./testing/torture-demanding.ts";
import { INVALID } from "./testing/torture-invalid.ts";
import type { TortureMessage } from "./testing/torture-message.ts";
import { VALID } from "./testing/torture-valid.ts";

/** What an endpoint that takes calls answers; 100: a call, 0: nothing at all. */
const VALID_ANSWERS: Readonly<Record<string, number>> = {
  wsinv: 481,
  intmeth: 501,
  esc01: 100,
  escnull: 405,
  esc02: 501,
  lwsdisp: 200,
  longreq: 100,
  dblreq: 405,
  semiuri: 200,
  transports: 200,
  mpart01: 405,
  unreason: 0,
  noreason: 0,
};
/** 400, but for these. */
const INVALID_ANSWERS: Readonly<Record<string, number>> = { scalarlg: 0, bigcode: 0, baddate: 100, badvers: 505 };
const DEMANDING_ANSWERS: Readonly<Record<string, number>> = {
  badbranch: 200,
  insuf: 400,
  unkscm: 416,
  novelsc: 416,
  unksm2: 405,
  bext01: 420,
  invut: 415,
  regaut01: 405,
  multi01: 400,
  mcl01: 400,
  bcast: 0,
  zeromf: 200,
  cparam01: 405,
  cparam02: 405,
  regescrt: 405,
  sdp01: 406,
  inv2543: 100,
};

const bytesOf = ({ text }: TortureMessage): Buffer => Buffer.from(text, "latin1");

function answersTo(message: TortureMessage): number[] {
  const net = createSipNet();
  const { stack, sent } = net.addStack("192.0.2.200");
  const flow = { transport: "udp", address: "192.0.2.100", port: 5060, connection: 0 } as const;
  stack.receive(flow, bytesOf(message), net.now);
  return sent.map(text => Number(text.split(" ")[1])).filter(status => status !== 480);
}

describe("torture messages (RFC 4475)", () => {
  it.each(VALID)("$section $name is taken for what it is", message => {
    expect(parseMessage(bytesOf(message))?.kind).toBe(message.text.startsWith("SIP/2.0") ? "response" : "request");
    const status = VALID_ANSWERS[message.name]!;
    expect(answersTo(message)).toEqual(status === 0 ? [] : [status]);
  });

  it.each(INVALID)("$section $name is refused or dropped", message => {
    const status = INVALID_ANSWERS[message.name] ?? 400;
    expect(answersTo(message)).toEqual(status === 0 ? [] : [status]);
  });

  it.each(DEMANDING)("$section $name is answered as it deserves", message => {
    const status = DEMANDING_ANSWERS[message.name]!;
    expect(answersTo(message)).toEqual(status === 0 ? [] : [status]);
  });

  it("reads what is folded, quoted, escaped and spelled as it was never meant to be", () => {
    const read = (name: string) => {
      const parsed = parseMessage(bytesOf(VALID.find(message => message.name === name)!));
      if (parsed?.kind !== "request") throw new Error(name);
      return parsed.request;
    };
    const wsinv = read("wsinv");
    expect(wsinv.headers.get("via")).toHaveLength(3);
    expect(wsinv.via).toMatchObject({ transport: "UDP", host: "192.0.2.2" });
    expect(wsinv.from.displayName).toBe('J Rosenberg \\"');
    expect(wsinv.headers.get("newfangledheader")).toEqual(["newfangled value continued newfangled value"]);
    expect(wsinv.headers.get("subject")).toEqual([""]);
    expect(wsinv.cseq).toBe(9);
    const intmeth = read("intmeth");
    expect(intmeth.to.displayName).toBe("BEL:\x07 NUL:\x00 DEL:\x7f");
    expect(userOf(intmeth.to.uri)).toBe("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    expect(userOf(read("esc01").target)).toBe("sips:user@example.com");
    expect(userOf(read("semiuri").target)).toBe("user;par=u@example.net");
    expect(read("longreq").headers.get("via")).toHaveLength(31);
  });
});

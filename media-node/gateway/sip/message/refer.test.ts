import { describe, expect, it } from "vitest";
import { FUZZ_RUNS, FUZZ_TIMEOUT, fuzz, must } from "../../../testing/fuzz.ts";
import { sentBy } from "../testing/call-pair.ts";
import { fieldOf, rawRequest, rawSdp } from "../testing/raw.ts";
import { createSipNet } from "../testing/sip-net.ts";
import { createTestEnd } from "../testing/test-call.ts";
import type { SipHeaders } from "./headers.ts";
import {
  formatReferTo,
  formatReplaces,
  parseReplaces,
  readEvent,
  readFragment,
  readRAck,
  readReferTo,
  readReliableNumber,
} from "./refer.ts";

const headers = (key: string, ...values: string[]): SipHeaders => new Map([[key, values]]);

describe("Replaces and Refer-To", () => {
  it("are read as RFC 3891 and RFC 3515 write them", () => {
    expect(parseReplaces("98732@sip.example.com ;from-tag=r33th4x0r ;to-tag=ff87ff;early-only")).toEqual({
      ...{ callId: "98732@sip.example.com", toTag: "ff87ff", fromTag: "r33th4x0r", isEarlyOnly: true },
    });
    const text =
      "<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994&Require=replaces>";
    expect(readReferTo(headers("refer-to", text))).toMatchObject({
      uri: { user: "dave", host: "denver.example.org" },
      replaces: { callId: "12345@192.168.118.3", toTag: "12345", fromTag: "5FFE-3994" },
    });
    expect(readReferTo(headers("refer-to", "sip:b@example.com", "sip:c@example.com"))).toBeUndefined();
  });

  it.each(["", "a", "a;to-tag=1", "a;from-tag=1;to-tag=", "a b;to-tag=1;from-tag=2", ";to-tag=1;from-tag=2"])(
    "are not guessed at: %j",
    value => expect(parseReplaces(value)).toBeUndefined(),
  );

  it("survive being written, whatever a Call-ID holds", () => {
    for (const callId of ["a@b", "%<>?@h", '[{"~"}]', "(a):b/c"]) {
      const replaces = { callId, toTag: "t", fromTag: "f", isEarlyOnly: true };
      expect(parseReplaces(formatReplaces(replaces))).toEqual(replaces);
      expect(readReferTo(headers("refer-to", formatReferTo("sip:c@example.com", replaces)))?.replaces).toEqual(
        replaces,
      );
    }
  });
});

describe("what anybody writes of transfers and reliable responses", () => {
  const samples = [
    "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff;early-only",
    "<sip:d@example.org;method=INVITE?Replaces=1%40h%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>;x=y",
    '"A" <tel:+4930123456>',
    "776656 1 INVITE",
    "4294967295",
    "refer;id=93809823",
    "SIP/2.0 180 Ringing\r\n",
  ].map(text => Buffer.from(text, "latin1"));

  it("is read or not, never thrown at, and what was read can be written again", { timeout: FUZZ_TIMEOUT }, () => {
    fuzz(samples, bytes => {
      const text = Buffer.from(bytes).toString("latin1");
      const replaces = parseReplaces(text);
      if (replaces) {
        const again = readReferTo(headers("refer-to", formatReferTo("sip:c@example.com", replaces)))?.replaces;
        must(again?.callId === replaces.callId && again.toTag === replaces.toTag, "it changed on the way");
      }
      readReferTo(headers("refer-to", text));
      readRAck(headers("rack", text));
      readEvent(headers("event", text));
      readReliableNumber(
        new Map([
          ["require", ["100rel"]],
          ["rseq", [text]],
        ]),
      );
      const status = readFragment(bytes);
      must(status === undefined || (status >= 100 && status <= 699), "no status");
    });
  });

  it("within a call neither throws nor moves the stack to say more than it was told", { timeout: FUZZ_TIMEOUT }, () => {
    const net = createSipNet();
    const end = createTestEnd("192.0.2.2");
    const stack = net.addStack("192.0.2.2", {
      called(call, now) {
        call.accept(end.media, now);
        call.refer("sip:carol@192.0.2.3", undefined, now);
        return end.events;
      },
    });
    const peer = net.addPeer("192.0.2.9");
    peer.send("192.0.2.2", rawRequest("INVITE", { sdp: rawSdp() }));
    const to = fieldOf(peer.next("SIP/2.0 200"), "To");
    peer.send("192.0.2.2", rawRequest("ACK", { to }));
    net.run(100);
    const flow = { transport: "udp", address: "192.0.2.9", port: 5060, connection: 0 } as const;
    const lines = {
      REFER: ["Refer-To: <sip:d@example.org?Replaces=1%40h%3Bto-tag%3D1%3Bfrom-tag%3D2>", "Refer-Sub: true"],
      NOTIFY: ["Event: refer;id=1", "Subscription-State: active", "Content-Type: message/sipfrag"],
      PRACK: ["RAck: 776656 1 INVITE"],
    };
    const requests = Object.entries(lines).map(([method, own]) =>
      Buffer.from(rawRequest(method, { to, cseq: 7, lines: own }), "latin1"),
    );
    let now = net.now;
    let run = 0;
    const before = stack.sent.length;
    fuzz(requests, bytes => {
      if (run++ > FUZZ_RUNS / 10) return;
      now += 20;
      // Each in a transaction of its own, and in order as far as that was left whole.
      const text = Buffer.from(bytes)
        .toString("latin1")
        .replace(/branch=z9hG4bKraw\d+/, `branch=z9hG4bKfuzz${run}`)
        .replace("CSeq: 7 ", `CSeq: ${7 + run} `);
      stack.stack.receive(flow, Buffer.from(text, "latin1"), now);
    });
    expect(stack.sent.length - before).toBeLessThan(run * 2 + 50);
    expect(sentBy(stack, "SIP/2.0 4").length).toBeGreaterThan(0);
    // It hears none of the answers, so its NOTIFYs may be under way still.
    expect(end.referrals.length).toBeLessThanOrEqual(1);
  });
});

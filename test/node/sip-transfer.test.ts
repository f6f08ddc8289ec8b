import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCleanup } from "../support/cleanup.ts";
import { freePort } from "../support/ports.ts";
import { type AnsweredCall, openSipAnswerer, type SipAnswerer } from "../support/sip-answerer.ts";
import {
  ack,
  bye,
  expectBody,
  expectHeader,
  invite,
  LAST,
  LAST_WITHIN,
  pause,
  receive,
  receiveRequest,
  reply,
  request,
  runSipp,
  type SippStep,
  send,
  withSdp,
} from "../support/sipp.ts";

/** Machines may be slow. */
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 15_000, interval: 20 });

/** Keeps what a header field of the message says, for `[$2]` and the like. */
const keep = (header: string, expression: string, variable: number): string =>
  `<ereg regexp="${expression}" search_in="hdr" header="${header}:" check_it="true" assign_to="${variable}"/>`;
const both = (...actions: string[]): string => `<action>${actions.join("")}</action>`;
/** Refers to a call that is the peer's own. */
const REPLACES = "abc@host;to-tag=t1;from-tag=f1";

describe("sipp", () => {
  const cleanup = createCleanup();
  let answerer: SipAnswerer;
  let target: string;

  beforeAll(async () => {
    answerer = await openSipAnswerer();
    cleanup.add(() => answerer.endpoint.close());
    target = `127.0.0.1:${answerer.endpoint.port}`;
  });
  afterAll(cleanup.run);

  const last = (user: string): AnsweredCall => {
    const own = answerer.calls.get(user)?.at(-1);
    if (!own) throw new Error(`nobody called ${user}`);
    return own;
  };

  it("is sure of our answer before we take its call (100rel), however late it says so", async () => {
    const prack = send(request("PRACK", 2, "RAck: [$2] 1 INVITE\nContent-Length: 0\n"));
    await runSipp(
      [
        invite("early", 1, `Require: 100rel\n${withSdp()}`),
        receive(100),
        receive(183, "", both(keep("RSeq", "[0-9]+", 2))),
        // Ours again: it has waited for too long.
        pause(700),
        prack,
        receive(200, "", expectHeader("CSeq", "2 PRACK")),
        receive(200, "", expectHeader("CSeq", "1 INVITE")),
        ack(),
        pause(20),
        bye(3),
        receive(200),
      ],
      { target },
    );
    expect(last("early").log).toEqual(["established", "ended remote 0"]);
  });

  it("is told by PRACK that its answer came before it takes our call; requires nothing that we don't know", async () => {
    const port = await freePort();
    // The INVITE is answered after the PRACK came: by what it said of itself.
    const taken = `SIP/2.0 200 OK
Via:[$2]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: 1 INVITE
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Content-Length: 0
`;
    const waiting = runSipp(
      [
        receiveRequest("INVITE", both(keep("Via", ".*", 2), keep("Supported", "100rel", 1))),
        reply("183 Session Progress", `Require: 100rel\nRSeq: 4711\n${withSdp()}`),
        receiveRequest("PRACK", expectHeader("RAck", "4711 1 INVITE")),
        reply("200 OK", undefined, LAST_WITHIN),
        send(taken),
        receiveRequest("ACK"),
        receiveRequest("BYE"),
        reply("200 OK", undefined, LAST_WITHIN),
      ],
      { port },
    );
    const own = answerer.dial(`sip:sipp@127.0.0.1:${port}`);
    await own.established;
    own.call?.hangUp(answerer.endpoint.now());
    await waiting;
    expect(own.log).toEqual(["183", "established", "ended local 0"]);
    await runSipp(
      [
        invite("room", 1, `Require: 100rel, telepathy\n${withSdp()}`),
        receive(420, "", expectHeader("Unsupported", "telepathy")),
        send(request("ACK", 1).replace("[branch]", "[branch-2]")),
      ],
      { target },
    );
  });

  it("cancels what was answered just then: the call stands; as does ours, which then is hung up", async () => {
    const cancel = request("CANCEL", 1).replace("[branch]", "[branch-4]").replace("[peer_tag_param]", "");
    await runSipp(
      [
        ...[invite(), receive(100), receive(180), receive(200), send(cancel)],
        receive(200, "", expectHeader("CSeq", "1 CANCEL")),
        ...[ack(), pause(20), bye(2), receive(200)],
      ],
      { target },
    );
    expect(last("room").log).toEqual(["established", "ended remote 0"]);

    const port = await freePort();
    const crossing = runSipp(
      [
        receiveRequest("INVITE"),
        reply("180 Ringing"),
        receiveRequest("CANCEL"),
        // It was answered before the CANCEL came.
        reply("200 OK", withSdp(), LAST.replace("[last_CSeq:]", "CSeq: 1 INVITE")),
        receiveRequest("ACK"),
        receiveRequest("BYE"),
        reply("200 OK", undefined, LAST_WITHIN),
      ],
      { port },
    );
    const own = answerer.dial(`sip:sipp@127.0.0.1:${port}`);
    await soon(() => own.log).toContain("180");
    own.call?.hangUp(answerer.endpoint.now());
    await crossing;
    expect(own.log).toEqual(["180", "ended local 0"]);
  });

  /** Takes a NOTIFY about that status. */
  const notified = (line: string): SippStep[] => [
    receiveRequest("NOTIFY", expectBody(`SIP/2.0 ${line}`)),
    reply("200 OK", undefined, LAST_WITHIN),
  ];

  it("asks us to call somebody in place of another call of its own, and is told how that goes", async () => {
    const escaped = REPLACES.replaceAll("@", "%40").replaceAll(";", "%3B").replaceAll("=", "%3D");
    const refer = `Refer-To: <sip:carol@example.com?Replaces=${escaped}&Require=replaces>
Referred-By: <sip:sipp@[local_ip]>
Content-Length: 0
`;
    const referring = runSipp(
      [
        ...[invite(), receive(100), receive(180), receive(200), ack(), pause(20)],
        send(request("REFER", 2, refer)),
        receive(202),
        ...notified("100"),
        ...notified("180"),
        ...notified("200"),
        ...[bye(3), receive(200)],
      ],
      { target },
    );
    const calls = answerer.calls.get("room")?.length ?? 0;
    await soon(() => answerer.calls.get("room")?.slice(calls)[0]?.referrals.length).toBe(1);
    const [referral] = last("room").referrals;
    expect(referral).toMatchObject({ uri: { user: "carol" }, replaces: { callId: "abc@host", toTag: "t1" } });
    for (const status of [180, 200]) referral?.notify(status, answerer.endpoint.now());
    await referring;
  });

  it("is asked by us to call somebody in place of another call, and says how that goes", async () => {
    const port = await freePort();
    const notify = (line: string, cseq: number, state: string): SippStep =>
      send(`NOTIFY sip:tandem@[local_ip] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$4]
To:[$2]
Call-ID: [call_id]
CSeq: ${cseq} NOTIFY
Contact: <sip:sipp@[local_ip]:[local_port]>
Max-Forwards: 70
Event: refer
Subscription-State: ${state}
Content-Type: message/sipfrag;version=2.0
Content-Length: [len]

SIP/2.0 ${line}`);
    const referTo = "Replaces=abc%40host%3Bto-tag%3Dt1%3Bfrom-tag%3Df1";
    const waiting = runSipp(
      [
        receiveRequest("INVITE"),
        reply("200 OK", withSdp()),
        receiveRequest("ACK"),
        receiveRequest(
          "REFER",
          both(
            keep("From", ".*", 2),
            keep("To", ".*", 4),
            keep("Refer-To", referTo, 1),
            keep("Referred-By", "sip:", 1),
          ),
        ),
        reply("202 Accepted", undefined, LAST_WITHIN),
        notify("180 Ringing", 1, "active;expires=60"),
        receive(200),
        notify("200 OK", 2, "terminated;reason=noresource"),
        receive(200),
        receiveRequest("BYE"),
        reply("200 OK", undefined, LAST_WITHIN),
      ],
      { port },
    );
    const own = answerer.dial(`sip:sipp@127.0.0.1:${port}`);
    await own.established;
    const replaces = { callId: "abc@host", toTag: "t1", fromTag: "f1", isEarlyOnly: false };
    expect(own.call?.refer("sip:carol@example.com", replaces, answerer.endpoint.now())).toBe(true);
    await soon(() => own.log.at(-1)).toBe("transfer 200");
    own.call?.hangUp(answerer.endpoint.now());
    await waiting;
    expect(own.log).toEqual(["established", "transfer 180", "transfer 200", "ended local 0"]);
  });

  it("outside of any call sends nobody anywhere", async () => {
    const refer = send(request("REFER", 1, "Refer-To: <sip:carol@example.com>\nContent-Length: 0\n"));
    await runSipp([refer, receive(403)], { target });
  });
});

import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "../support/authority.ts";
import { type Baresip, startBaresip } from "../support/baresip.ts";
import { createCleanup } from "../support/cleanup.ts";
import { freePort } from "../support/ports.ts";
import {
  type AnsweredCall,
  openSipAnswerer,
  SIP_PASSWORD,
  SIP_USER,
  type SipAnswerer,
} from "../support/sip-answerer.ts";
import {
  ack,
  ackRefusal,
  bye,
  expectBody,
  expectHeader,
  invite,
  LAST_WITHIN,
  maybe,
  pause,
  receive,
  receiveRequest,
  reply,
  request,
  runSipp,
  type SippStep,
  send,
  WITHOUT_CONTACT,
  withSdp,
} from "../support/sipp.ts";

/** Machines may be slow. */
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

describe("sipp, over UDP and TCP", () => {
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

  it.each(["u1", "t1"])("asks for our options, calls, is answered and hangs up (%s)", async transport => {
    const args = ["-t", transport];
    await runSipp([send(request("OPTIONS", 1)), receive(200, "", expectHeader("Allow", "UPDATE"))], { target, args });
    const call = [invite(), receive(100), receive(180), receive(200), ack(), pause(20), bye(2), receive(200)];
    await runSipp(call, { target, args });
    expect(last("room").log).toEqual(["established", "ended remote 0"]);
  });

  it("lets us make the offer, and hears of early media before the answer", async () => {
    const late = [invite("room", 1, "Content-Length: 0\n"), receive(100), receive(180)];
    await runSipp(
      [...late, receive(200, "", expectBody("m=audio 40000")), ack(1, withSdp()), pause(20), bye(2), receive(200)],
      { target },
    );
    expect(last("room").agreements).toHaveLength(1);
    const early = [invite("early"), receive(100), receive(183, "", expectBody("m=audio 40000"))];
    await runSipp([...early, receive(200), ack(), bye(2), receive(200)], { target });
    expect(last("early").agreements).toHaveLength(1);
  });

  it("cancels, is told busy, and loses an ACK", async () => {
    const cancel = `CANCEL sip:ringing@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-3];rport
From: sipp <sip:sipp@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:ringing@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0
`;
    await runSipp(
      [invite("ringing"), receive(100), receive(180), send(cancel), receive(200), receive(487), ackRefusal(6)],
      {
        target,
      },
    );
    expect(last("ringing").log).toEqual(["ended remote 487"]);
    await runSipp([invite("busy"), receive(100), receive(180), receive(486), ackRefusal(4)], { target });
    const lost = [invite(), maybe(100), maybe(180), receive(200), pause(700), ack(), pause(20), bye(2), receive(200)];
    await runSipp(lost, { target });
    expect(last("room").log).toEqual(["established", "ended remote 0"]);
  });

  it("answers our challenge with a password; a wrong one, like a wrong name, is challenged again", async () => {
    const challenged = [invite("digest"), receive(401, 'auth="true"'), ackRefusal(2)];
    const again = send(request("INVITE", 2, `[authentication]\n${withSdp()}`, "digest"));
    const credentials = (name: string, password: string): string[] => [
      ...["-au", name, "-ap", password],
      // By itself it leaves the user out, which isn't what it asks for.
      ...["-auth_uri", `digest@${target}`],
    ];
    const taken = [receive(100), receive(180), receive(200), ack(2), bye(3), receive(200)];
    await runSipp([...challenged, again, ...taken], { target, args: credentials(SIP_USER, SIP_PASSWORD) });
    for (const args of [credentials(SIP_USER, "guess"), credentials("mallory", SIP_PASSWORD)]) {
      await runSipp([...challenged, again, receive(401), ackRefusal(2, 2)], { target, args });
    }
    expect(answerer.calls.get("digest")).toHaveLength(1);
  });

  it("is told a session interval that we can live with, and holds the call in three ways", async () => {
    const timed = (seconds: number): string => `Supported: timer\nSession-Expires: ${seconds}\n${withSdp()}`;
    const hold = (cseq: number, description: string, answered: string): SippStep[] => [
      send(request("INVITE", cseq, description)),
      receive(200, "", expectBody(answered)),
      ack(cseq),
    ];
    await runSipp(
      [
        invite("room", 1, timed(60)),
        receive(422, "", expectHeader("Min-SE", "90")),
        ackRefusal(2),
        invite("room", 2, timed(90)),
        receive(100),
        receive(180),
        receive(200, "", expectHeader("Session-Expires", "90;refresher=uas")),
        ack(2),
        ...hold(3, withSdp("sendonly"), "a=recvonly"),
        ...hold(4, withSdp("inactive"), "a=inactive"),
        ...hold(5, withSdp("sendrecv", "0.0.0.0"), "a=recvonly"),
        ...hold(6, withSdp(), "a=sendrecv"),
        bye(7),
        receive(200),
      ],
      { target },
    );
    const directions = last("room").agreements.map(({ direction }) => direction);
    expect(directions).toEqual(["sendrecv", "recvonly", "inactive", "recvonly", "sendrecv"]);
  });

  it("is called: rings, answers, is held and hung up", async () => {
    const port = await freePort();
    const waiting = runSipp(
      [
        receiveRequest("INVITE", expectBody("a=sendrecv")),
        reply("180 Ringing"),
        reply("200 OK", withSdp()),
        receiveRequest("ACK"),
        receiveRequest("INVITE", expectBody("a=sendonly")),
        reply("200 OK", withSdp("recvonly"), LAST_WITHIN),
        receiveRequest("ACK"),
        receiveRequest("BYE"),
        reply("200 OK", undefined, LAST_WITHIN),
      ],
      { port },
    );
    const own = answerer.dial(`sip:sipp@127.0.0.1:${port}`);
    await own.established;
    own.media.setDirection("sendonly");
    own.call?.renegotiate(answerer.endpoint.now());
    await soon(() => own.agreements.at(-1)?.direction).toBe("sendonly");
    own.call?.hangUp(answerer.endpoint.now());
    await waiting;
    expect(own.log).toEqual(["180", "established", "ended local 0"]);
  });

  it("challenges us, offers in its answer, sends us elsewhere, and is given up while it rings", async () => {
    const port = await freePort();
    const challenge =
      'WWW-Authenticate: Digest realm="sipp", nonce="f00d", qop="auth", algorithm=MD5\nContent-Length: 0\n';
    const verify = `<action><verifyauth assign_to="1" username="${SIP_USER}" password="${SIP_PASSWORD}"/></action>`;
    const challenging = runSipp(
      [
        receiveRequest("INVITE"),
        reply("401 Unauthorized", challenge),
        receiveRequest("ACK"),
        receiveRequest("INVITE", verify),
        reply("200 OK", withSdp()),
        receiveRequest("ACK", expectBody("m=audio 40000")),
        receiveRequest("BYE"),
        reply("200 OK", undefined, LAST_WITHIN),
      ],
      { port },
    );
    const own = answerer.dial(`sip:sipp@127.0.0.1:${port}`, {
      isOfferDelayed: true,
      credentials: { username: SIP_USER, password: SIP_PASSWORD },
    });
    await own.established;
    own.call?.hangUp(answerer.endpoint.now());
    await challenging;

    const redirecting = runSipp(
      [
        receiveRequest("INVITE"),
        reply(
          "302 Moved Temporarily",
          "Contact: <sip:b@192.0.2.2>;q=0.5, <sip:a@192.0.2.1>\nContent-Length: 0\n",
          WITHOUT_CONTACT,
        ),
        receiveRequest("ACK"),
      ],
      { port },
    );
    const end = await answerer.dial(`sip:sipp@127.0.0.1:${port}`).ended;
    expect(end).toMatchObject({ status: 302, contacts: ["sip:a@192.0.2.1", "sip:b@192.0.2.2"] });
    await redirecting;
  });
});

describe("a flood by sipp", () => {
  it("leaves the stack with the calls that it may have, and others undisturbed", async () => {
    const admission = { requestsPerSecond: 20, burst: 100, continuationsPerSecond: 0, refusalsPerSecond: 10 };
    const flooded = await openSipAnswerer({ stack: { maxCalls: 50, admission } });
    const { stack, port } = flooded.endpoint;
    const target = `127.0.0.1:${port}`;
    try {
      const flood = [invite("ringing").replace(' retrans="500"', ""), maybe(100), maybe(180), maybe(503), receive(699)];
      const enough = new AbortController();
      // It never gets the answer that it waits for.
      const options = { target, args: ["-m", "5000", "-r", "2000"], signal: enough.signal };
      const flooding = runSipp(flood, options).catch(() => "stopped");
      await soon(() => stack.counters.overloaded).toBeGreaterThan(500);
      expect(stack.calls).toBe(50);
      await runSipp([send(request("OPTIONS", 1)), receive(200)], { target, address: "127.0.0.2" });
      enough.abort();
      expect(await flooding).toBe("stopped");
      const { dropped, refused } = stack.counters;
      expect(dropped).toBeGreaterThan(refused);
    } finally {
      await flooded.endpoint.close();
    }
  });
});

describe("baresip", () => {
  const cleanup = createCleanup();
  let answerer: SipAnswerer;
  let phone: Baresip;

  beforeAll(async () => {
    const authority = await createAuthority(["IP:127.0.0.1"]);
    cleanup.add(authority.remove);
    const [cert, key] = await Promise.all([readFile(authority.cert), readFile(authority.pkey)]);
    answerer = await openSipAnswerer({ tlsPort: 0, secureContext: () => createSecureContext({ cert, key }) });
    cleanup.add(() => answerer.endpoint.close());
    phone = await startBaresip();
    cleanup.add(phone.stop);
  });
  afterAll(cleanup.run);

  it.each(["udp", "tcp"])("is called, puts us on hold and takes us back, and is hung up (%s)", async transport => {
    const up = phone.next("CALL_ESTABLISHED");
    const own = answerer.dial(`sip:bob@127.0.0.1:${phone.port};transport=${transport}`);
    await Promise.all([own.established, up]);
    const held = soon(() => own.agreements.at(-1)?.direction);
    phone.command("hold");
    await held.toBe("recvonly");
    phone.command("resume");
    await soon(() => own.agreements.at(-1)?.direction).toBe("sendrecv");
    const closed = phone.next("CALL_CLOSED");
    own.call?.hangUp(answerer.endpoint.now());
    await closed;
    expect(own.log).toEqual(["180", "established", "ended local 0"]);
  });

  it.each(["udp", "tcp", "tls"])("calls and hangs up (%s)", async transport => {
    const up = phone.next("CALL_ESTABLISHED");
    const port = transport === "tls" ? answerer.endpoint.tlsPort : answerer.endpoint.port;
    phone.command("dial", `sip:${transport}@127.0.0.1:${port};transport=${transport}`);
    await up;
    const own = answerer.calls.get(transport)?.at(-1);
    await own?.established;
    phone.command("hangup");
    expect(await own?.ended).toMatchObject({ by: "remote" });
  });
});

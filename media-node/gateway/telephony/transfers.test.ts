import { afterEach, describe, expect, it } from "vitest";
import type { Assignment, NodeTrunk } from "../../../src/protocol/index.ts";
import type { PoolLeg, PoolLegs } from "../../worker/pool-legs.ts";
import { TEST_DTLS } from "../leg/testing/keys.ts";
import type { Replaces } from "../sip/message/refer.ts";
import type { IncomingCall, SipCall } from "../sip/session/call.ts";
import type { SipCallEnd } from "../sip/session/media.ts";
import type { Referral } from "../sip/session/referrals.ts";
import { openSipEndpoint, type SipEndpoint } from "../sip/socket/endpoint.ts";
import { createTestEnd } from "../sip/testing/test-call.ts";
import type { CallFrame } from "./phone-call.ts";
import { openTelephony } from "./telephony.ts";
import { replacesFor } from "./transfers.ts";

const ROOM: Assignment = { room: "lobby", life: "l_00000000", epoch: 1 };
const PID = "p_00000001";
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 10_000, interval: 10 });

/** A telephone's side of a call. */
interface Phone {
  readonly call: SipCall;
  readonly log: readonly string[];
  readonly referrals: readonly Referral[];
  readonly end: SipCallEnd | undefined;
}

describe("transfers at a node", () => {
  const cleanup: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of cleanup.splice(0)) await close();
  });

  async function setUp(transfer?: NodeTrunk["transfer"]) {
    const frames: CallFrame[] = [];
    let port = 40_000;
    const leg = (): PoolLeg => {
      port += 2;
      const place = { address: "127.0.0.1", port, dtls: TEST_DTLS };
      const nothing = { update() {}, prompt() {}, dial() {}, refreshPicture() {}, close() {} };
      return { place, isBeside: () => true, join: async () => {}, ...nothing };
    };
    const legs: PoolLegs = { open: async () => leg(), heard() {}, workerEnded() {} };
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const sip = { address: "127.0.0.1", port: 0 };
    const telephony = await openTelephony({ sip, legs, log, report: frame => frames.push(frame) });
    cleanup.push(telephony.close);
    /** Calls that came to the telephones. */
    const rung: (IncomingCall & { accept(): Phone })[] = [];
    const phones: SipEndpoint = await openSipEndpoint({
      address: "127.0.0.1",
      handler: {
        admit: () => ({ kind: "accept" }),
        called(call, now) {
          const end = createTestEnd("127.0.0.1");
          call.progress(180, now);
          const accept = (): Phone => {
            call.accept(end.media, phones.now());
            return Object.assign(end, { call });
          };
          rung.push(Object.assign(Object.create(call), { accept }));
          return end.events;
        },
      },
    });
    cleanup.push(phones.close);
    const trunk: NodeTrunk = {
      ...{ trunk: "lab", lease: 1, host: "127.0.0.1", port: phones.port, transport: "udp", srtp: "off" },
      ...{ maxCalls: 9, callsPerSecond: 100, accept: { addresses: ["127.0.0.1"] } },
      ...(transfer && { transfer }),
    };
    await telephony.obey({ type: "trunk.put", id: 1, trunk });

    const find = <T extends CallFrame["type"]>(type: T): Extract<CallFrame, { type: T }>[] =>
      frames.filter((frame): frame is Extract<CallFrame, { type: T }> => frame.type === type);
    const states = (id: string): string[] =>
      find("call.state").flatMap(({ call, state, cause }) =>
        call === id ? [state, ...(cause ? [cause.reason] : [])] : [],
      );
    /** Somebody calls in. */
    function dial(replaces?: string): Phone {
      const end = createTestEnd("127.0.0.1");
      const target = `sip:+1000@127.0.0.1:${telephony.port}`;
      const call = phones.stack.call(
        {
          ...{ target, from: { uri: "sip:+2000@example.org" }, media: end.media, events: end.events },
          ...(replaces !== undefined && { headers: { replaces, require: "replaces" } }),
        },
        phones.now(),
      );
      return Object.assign(end, { call });
    }
    /** Somebody calls in, and is in the room. */
    async function comeIn(): Promise<{ id: string; phone: Phone }> {
      const before = find("call.incoming").length;
      const phone = dial();
      await soon(() => find("call.incoming").length).toBe(before + 1);
      const id = find("call.incoming").at(-1)?.call ?? "";
      await telephony.obey({ type: "call.join", id: 2, call: id, ...ROOM, pid: PID });
      await soon(() => states(id)).toEqual(["answered"]);
      return { id, phone };
    }
    const start = (call: string, more: { referrer?: string; replaces?: string } = {}) =>
      telephony.obey({ ...{ type: "call.start", id: 3, call, trunk: "lab", to: "carol" }, ...more, ...ROOM, pid: PID });
    const refer = (phone: Phone, to = "carol", replaces?: Replaces) =>
      phone.call.refer(`sip:${to}@elsewhere.example`, replaces, phones.now());
    return { telephony, frames, find, states, rung, phones, dial, comeIn, start, refer };
  }

  it("are refused unless the trunk allows them", async () => {
    for (const [transfer, replaces] of [
      [undefined, undefined],
      ["off", undefined],
      ["blind", { callId: "a", toTag: "1", fromTag: "2", isEarlyOnly: false }],
    ] as const) {
      const { comeIn, refer, find } = await setUp(transfer);
      const { phone } = await comeIn();
      refer(phone, "carol", replaces);
      await soon(() => phone.log.at(-1)).toBe("transfer 403");
      expect(find("call.transfer-wanted")).toEqual([]);
    }
  });

  it("tell the telephone how its successor's call goes, and end its own when that is answered", async () => {
    const { comeIn, refer, find, start, rung, states } = await setUp("blind");
    const { id, phone } = await comeIn();
    refer(phone);
    await soon(() => find("call.transfer-wanted")).toEqual([{ type: "call.transfer-wanted", call: id, to: "carol" }]);
    await start("c_successor", { referrer: id });
    await soon(() => phone.log.slice(-2)).toEqual(["transfer 100", "transfer 180"]);
    // The trunk's own host, whatever the telephone named.
    expect(rung[0]?.invite.uri).toMatch(/^sip:carol@127\.0\.0\.1:/);
    rung[0]?.accept();
    await soon(() => phone.log.includes("transfer 200")).toBe(true);
    // It doesn't hang up by itself.
    await soon(() => states(id)).toEqual(["answered", "ended", "transferred"]);
    expect(states("c_successor")).toEqual(["ringing", "answered"]);
  });

  it("go on where the telephone hangs up at once: it has been transferred all the same", async () => {
    const { comeIn, refer, find, start, rung, states, phones } = await setUp("blind");
    const { id, phone } = await comeIn();
    refer(phone);
    await soon(() => phone.log.at(-1)).toBe("transfer 100");
    phone.call.hangUp(phones.now());
    await soon(() => states(id)).toEqual(["answered", "ended", "transferred"]);
    await start("c_successor", { referrer: id });
    await soon(() => rung.length).toBe(1);
    rung[0]?.accept();
    await soon(() => states("c_successor")).toEqual(["ringing", "answered"]);
    expect(find("call.transfer-wanted")).toHaveLength(1);
  });

  it("leave the telephone where it is when nobody answers, or the edge refuses", async () => {
    const { telephony, comeIn, refer, start, rung, states, phones } = await setUp("on");
    const { id, phone } = await comeIn();
    refer(phone);
    await start("c_successor", { referrer: id });
    await soon(() => rung.length).toBe(1);
    rung[0]?.reject(486, phones.now());
    await soon(() => phone.log.at(-1)).toBe("transfer 486");
    refer(phone);
    await soon(() => phone.log.at(-1)).toBe("transfer 100");
    await telephony.obey({ type: "call.transfer-refused", id: 4, call: id, status: 403 });
    await soon(() => phone.log.at(-1)).toBe("transfer 403");
    refer(phone, "not%20a%20number");
    await soon(() => phone.log.at(-1)).toBe("transfer 404");
    expect(states(id)).toEqual(["answered"]);
  });

  it("are declined to a telephone that asks again and again", async () => {
    const { telephony, comeIn, refer, find, phones } = await setUp("blind");
    const { id, phone } = await comeIn();
    for (let asked = 1; asked <= 20; asked++) {
      refer(phone);
      await soon(() => find("call.transfer-wanted").length).toBe(asked);
      await telephony.obey({ type: "call.transfer-refused", id: 4, call: id, status: 403 });
      await soon(() => phone.log.filter(line => line === "transfer 403").length).toBe(asked);
    }
    refer(phone);
    await soon(() => phone.log.at(-1)).toBe("transfer 603");
    expect(find("call.transfer-wanted")).toHaveLength(20);
    expect(phones.stack.calls).toBe(1);
  });

  it("hand on the name of the call that the successor takes the place of, which asks for just that", async () => {
    const { comeIn, refer, find, start, rung } = await setUp("on");
    const { id, phone } = await comeIn();
    refer(phone, "carol", { callId: "x@y", toTag: "1", fromTag: "2", isEarlyOnly: false });
    const replaces = "x@y;to-tag=1;from-tag=2";
    await soon(() => find("call.transfer-wanted")[0]?.replaces).toBe(replaces);
    await start("c_successor", { referrer: id, replaces });
    await soon(() => rung[0]?.invite.headers.get("replaces")).toEqual([replaces]);
    expect(rung[0]?.invite.headers.get("require")).toEqual(["replaces"]);
  });

  it("to another call with us, which would leave two rooms without anybody between them, are declined", async () => {
    const { comeIn, refer } = await setUp("on");
    const { phone } = await comeIn();
    const { phone: second } = await comeIn();
    const dialog = second.call.dialog;
    if (!dialog) throw new Error("it isn't answered");
    refer(phone, "carol", replacesFor(dialog));
    await soon(() => phone.log.at(-1)).toBe("transfer 603");
  });

  it("by an INVITE name a call of the same trunk, or come to nothing", async () => {
    const { comeIn, dial, find } = await setUp("on");
    const { id, phone } = await comeIn();
    const { callId, localTag, remoteTag } = phone.call.dialog ?? {};
    const exact = `${callId};to-tag=${remoteTag};from-tag=${localTag}`;
    const before = find("call.incoming").length;
    for (const [replaces, status] of [
      [`${callId};to-tag=${localTag};from-tag=${remoteTag}`, 481],
      [`${callId};to-tag=${remoteTag};from-tag=x`, 481],
      [`${exact};early-only`, 486],
      ["nonsense", 400],
    ] as const) {
      const refused = dial(replaces);
      await soon(() => refused.end?.status).toBe(status);
    }
    expect(find("call.incoming")).toHaveLength(before);
    dial(exact);
    await soon(() => find("call.incoming").at(-1)?.replaces).toBe(id);
  });

  it("by an INVITE are refused alike, whether there is such a call or not, where the trunk allows no such thing", async () => {
    const { comeIn, dial } = await setUp("blind");
    const { phone } = await comeIn();
    const { callId, localTag, remoteTag } = phone.call.dialog ?? {};
    for (const replaces of [`${callId};to-tag=${remoteTag};from-tag=${localTag}`, "a;to-tag=1;from-tag=2"]) {
      const refused = dial(replaces);
      await soon(() => refused.end?.status).toBe(403);
    }
  });

  it("that we ask for are told step by step; the call ends when it has been transferred", async () => {
    const { telephony, comeIn, find, states, phones } = await setUp();
    const { id, phone } = await comeIn();
    await telephony.obey({ type: "call.transfer", id: 4, call: id, to: "dave" });
    const again = telephony.obey({ type: "call.transfer", id: 5, call: id, to: "dave" });
    await expect(again).rejects.toMatchObject({ code: "call-state" });
    await soon(() => phone.referrals[0]?.uri).toMatchObject({ user: "dave", host: "127.0.0.1", port: phones.port });
    phone.referrals[0]?.notify(180, phones.now());
    await soon(() => find("call.transfer-state").map(({ cause }) => cause.sip)).toEqual([100, 180]);
    phone.referrals[0]?.notify(200, phones.now());
    await soon(() => states(id)).toEqual(["answered", "ended", "transferred"]);
    expect(find("call.transfer-state").at(-1)?.cause).toEqual({ sip: 200, reason: "transferred" });
    const gone = telephony.obey({ type: "call.transfer", id: 6, call: id, to: "dave" });
    await expect(gone).rejects.toMatchObject({ code: "no-such-call" });
  });

  it("that we ask for and that fail leave the call as it is", async () => {
    const { telephony, comeIn, find, states, phones } = await setUp();
    const { id, phone } = await comeIn();
    await telephony.obey({ type: "call.transfer", id: 4, call: id, to: "dave" });
    await soon(() => phone.referrals.length).toBe(1);
    phone.referrals[0]?.notify(486, phones.now());
    await soon(() => find("call.transfer-state").at(-1)?.cause).toEqual({ sip: 486, reason: "busy" });
    expect(states(id)).toEqual(["answered"]);
    await telephony.obey({ type: "call.transfer", id: 5, call: id, to: "dave" });
  });

  it("to the telephone of another call name that call, as the other telephone knows it", async () => {
    const { telephony, comeIn } = await setUp();
    const { id, phone } = await comeIn();
    const { id: other, phone: second } = await comeIn();
    await telephony.obey({ type: "call.transfer", id: 4, call: id, other });
    await soon(() => phone.referrals.length).toBe(1);
    const { callId, localTag, remoteTag } = second.call.dialog ?? {};
    expect(phone.referrals[0]?.replaces).toMatchObject({ callId, toTag: localTag, fromTag: remoteTag });
  });
});

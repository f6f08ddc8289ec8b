import { afterEach, describe, expect, it } from "vitest";
import type { Assignment, NodeTrunk } from "../../../src/protocol/index.ts";
import type { LegEvents, PoolLeg, PoolLegs } from "../../worker/pool-legs.ts";
import { TEST_DTLS } from "../leg/testing/keys.ts";
import { type AudioAgreement, createAudioMedia } from "../sip/description/audio-media.ts";
import { createVideoLine } from "../sip/description/video-line.ts";
import type { SipCall } from "../sip/session/call.ts";
import type { SipCallEnd } from "../sip/session/media.ts";
import { openSipEndpoint, type SipEndpoint } from "../sip/socket/endpoint.ts";
import { CODECS } from "./codecs.ts";
import type { CallFrame } from "./phone-call.ts";
import { openTelephony, type Telephony } from "./telephony.ts";

const ROOM: Assignment = { room: "lobby", life: "l_00000000", epoch: 1 };
const PID = "p_00000001";
const USER = { username: "desk", password: "secret" };
const TRUNK: NodeTrunk = {
  ...{ trunk: "lab", lease: 1, host: "127.0.0.1", transport: "udp", srtp: "off", maxCalls: 2, callsPerSecond: 100 },
  accept: { addresses: [], credentials: USER },
};
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 10_000, interval: 10 });

/** A leg, and what it was told. */
interface FakeLeg {
  readonly events: LegEvents;
  readonly said: string[];
}

describe("telephony", () => {
  const cleanup: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of cleanup.splice(0)) await close();
  });

  async function setUp(beside = true) {
    const frames: CallFrame[] = [];
    const legs: FakeLeg[] = [];
    const pool: PoolLegs = {
      async open(events, room, video) {
        const leg: FakeLeg = { events, said: [`open ${room?.room ?? "anywhere"}`] };
        const { said } = leg;
        const port = 40_000 + 2 * legs.push(leg);
        const opened: PoolLeg = {
          place: { address: "127.0.0.1", port, ...(video && { videoPort: port + 1_000 }), dtls: TEST_DTLS },
          isBeside: () => beside || legs.length > 1,
          update: ({ formats, sends, receives }) => said.push(`update ${formats[0]?.codec} ${sends} ${receives}`),
          join: async (_, pid) => void said.push(`join ${pid}`),
          prompt: clip => said.push(`prompt ${clip}`),
          dial: digits => said.push(`dial ${digits}`),
          refreshPicture: () => said.push("refresh"),
          close: () => said.push("close"),
        };
        return opened;
      },
      heard() {},
      workerEnded() {},
    };
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const sip = { address: "127.0.0.1", port: 0 };
    const telephony: Telephony = await openTelephony({ sip, legs: pool, log, report: frame => frames.push(frame) });
    cleanup.push(telephony.close);
    const incoming: SipCall[] = [];
    const outside: SipEndpoint = await openSipEndpoint({
      address: "127.0.0.1",
      handler: {
        admit: () => ({ kind: "accept" }),
        called(call, now) {
          incoming.push(call);
          queueMicrotask(() => call.accept(createAudio([]), now));
          return { progress() {}, established() {}, info: () => 200, offerRefused() {}, ended() {} };
        },
      },
    });
    cleanup.push(outside.close);

    const createAudio = (agreements: AudioAgreement[]) =>
      createAudioMedia({
        ...{ address: "127.0.0.1", port: 30_000, sessionId: "1" },
        video: createVideoLine({ port: 30_002, srtp: "off" }),
        codecs: CODECS.slice(1),
        agreed: agreement => agreements.push(agreement),
      });
    /** Somebody calls in. */
    function call(credentials = USER) {
      const agreements: AudioAgreement[] = [];
      const ends: SipCallEnd[] = [];
      const made = outside.stack.call(
        {
          target: `sip:+1000@127.0.0.1:${telephony.port}`,
          from: { uri: "sip:+2000@example.org", displayName: "Ann" },
          ...{ media: createAudio(agreements), credentials },
          events: { progress() {}, established() {}, info: () => 200, offerRefused() {}, ended: end => ends.push(end) },
        },
        outside.now(),
      );
      return { agreements, ends, made };
    }
    const states = (): string[] =>
      frames
        .flatMap(frame => (frame.type === "call.state" ? [frame.state, frame.cause?.reason ?? ""] : []))
        .filter(Boolean);
    const come = async (): Promise<string> => {
      const find = () => frames.findLast(({ type }) => type === "call.incoming") as { call: string } | undefined;
      await soon(find).toBeDefined();
      return find()!.call;
    };
    await telephony.obey({ type: "trunk.put", id: 1, trunk: TRUNK });
    return { telephony, frames, legs, call, come, states, outside, incoming };
  }

  it("tells the edge of whom a trunk lets in, and does what that says", async () => {
    const { telephony, frames, legs, call, come, states } = await setUp();
    expect(frames).toEqual([{ type: "trunk.state", trunk: "lab", lease: 1, state: "idle" }]);
    const { agreements, ends } = call();
    const id = await come();
    expect(frames.at(-1)).toEqual({
      ...{ type: "call.incoming", call: id, trunk: "lab", from: "+2000", to: "+1000", name: "Ann" },
    });
    await telephony.obey({ type: "call.prompt", id: 2, call: id, prompt: "pin", digits: 4 });
    const [leg] = legs;
    // Whoever forged the INVITE can't acknowledge the answer, and has nothing sent to where it says.
    expect(leg?.said).toEqual(["open anywhere", "update g722 false true"]);
    await soon(() => leg?.said.slice(2)).toEqual(["update g722 true true", "prompt pin"]);
    for (const key of "1234") leg?.events.digit(key);
    expect(frames).toContainEqual({ type: "call.digits", call: id, digits: "1234" });
    await telephony.obey({ type: "call.join", id: 3, call: id, ...ROOM, pid: PID });
    await soon(() => states()).toEqual(["answered"]);
    expect(leg?.said).toContain(`join ${PID}`);
    expect(agreements.at(-1)).toMatchObject({ port: 40_002 });
    await telephony.obey({ type: "call.hold", id: 4, call: id, held: true });
    await soon(() => states()).toEqual(["answered", "held"]);
    expect(leg?.said.at(-1)).toBe("update g722 true false");
    await telephony.obey({ type: "call.hold", id: 5, call: id, held: false });
    await soon(() => states()).toEqual(["answered", "held", "resumed"]);
    leg?.events.over("left");
    // It is told why before it is hung up.
    await soon(() => leg?.said.at(-1)).toBe("prompt removed");
    expect(ends).toEqual([]);
    leg?.events.said("removed");
    expect(states().slice(-2)).toEqual(["ended", "removed"]);
    expect(leg?.said.at(-1)).toBe("close");
    await soon(() => ends[0]).toMatchObject({ by: "remote", causes: ["Q.850;cause=16"] });
    expect(telephony.calls()).toEqual([]);
  });

  it("tells the edge when a telephone shows something to the room, where its trunk lets it; gives it a key picture by INFO", async () => {
    const { telephony, frames, legs, call, come } = await setUp(false);
    const shown = () => frames.flatMap(frame => (frame.type === "call.video" ? [frame.on] : []));
    const { ends, made } = call();
    await telephony.obey({ type: "call.join", id: 2, call: await come(), ...ROOM, pid: PID });
    made.hangUp(0);
    await soon(() => ends.length).toBe(1);
    expect(shown()).toEqual([]);

    await telephony.obey({ type: "trunk.put", id: 3, trunk: { ...TRUNK, lease: 2, video: true } });
    const seen = call();
    await soon(() => frames.filter(({ type }) => type === "call.incoming").length).toBe(2);
    const id = await come();
    await telephony.obey({ type: "call.prompt", id: 4, call: id, prompt: "pin", digits: 4 });
    await soon(() => seen.agreements.at(-1)?.video).toMatchObject({ codec: "vp8", direction: "sendrecv" });
    expect(shown()).toEqual([]);
    await telephony.obey({ type: "call.join", id: 5, call: id, ...ROOM, pid: PID });
    await soon(shown).toEqual([true]);
    seen.made.info("application/media_control+xml", Buffer.from("<picture_fast_update/>"), 0);
    await soon(() => legs.at(-1)?.said).toContain("refresh");
    await telephony.obey({ type: "call.hold", id: 6, call: id, held: true });
    await soon(shown).toEqual([true, false]);
    await telephony.obey({ type: "call.hold", id: 7, call: id, held: false });
    await soon(shown).toEqual([true, false, true]);
  });

  it("moves a call to where its room is, and lets go of the old place when the telephone has", async () => {
    const { telephony, legs, call, come } = await setUp(false);
    const { agreements } = call();
    const id = await come();
    await telephony.obey({ type: "call.prompt", id: 2, call: id, prompt: "pin", digits: 4 });
    await soon(() => agreements.length).toBe(1);
    await telephony.obey({ type: "call.join", id: 3, call: id, ...ROOM, pid: PID });
    await soon(() => agreements.at(-1)?.port).toBe(40_004);
    await soon(() => legs[0]?.said.at(-1)).toBe("close");
    expect(legs[1]?.said).toEqual(expect.arrayContaining(["open lobby", "update g722 true true", `join ${PID}`]));
  });

  it("refuses as the edge says, the wrong password, and more than a trunk may carry", async () => {
    const { telephony, frames, call, come } = await setUp();
    const wrong = call({ ...USER, password: "guess" });
    await soon(() => wrong.ends[0]).toMatchObject({ status: 401 });
    const first = call();
    const id = await come();
    await telephony.obey({ type: "call.reject", id: 2, call: id, status: 404, reason: "no-rule" });
    await soon(() => first.ends[0]).toMatchObject({ status: 404, reason: "no-rule" });
    expect(frames.at(-1)).toMatchObject({ state: "ended", cause: { sip: 404, reason: "no-rule" } });
    const more = [call(), call(), call()];
    await soon(() => more.flatMap(({ ends }) => ends)).toMatchObject([
      { status: 503, reason: "Trunk limit max-calls" },
    ]);
    const older = telephony.obey({ type: "trunk.put", id: 3, trunk: { ...TRUNK, lease: 0 } });
    await expect(older).rejects.toMatchObject({ code: "wrong-state" });
  });

  it("calls by a trunk, and hangs up", async () => {
    const { telephony, legs, outside, incoming, states } = await setUp();
    await telephony.obey({ type: "trunk.put", id: 2, trunk: { ...TRUNK, lease: 2, port: outside.port } });
    const start = { ...{ id: 3, call: "c_outgoing1", trunk: "lab", to: "*12#" }, ...ROOM, pid: PID };
    await telephony.obey({ type: "call.start", ...start });
    await telephony.obey({ type: "call.start", ...start });
    await soon(() => states()).toContain("answered");
    expect(incoming).toHaveLength(1);
    expect(legs[0]?.said).toEqual(expect.arrayContaining([`join ${PID}`, "update g722 true true"]));
    await telephony.obey({ type: "call.dtmf", id: 4, call: "c_outgoing1", digits: "12" });
    expect(legs[0]?.said.at(-1)).toBe("dial 12");
    const cause = { reason: "over", q850: 31 };
    await telephony.obey({ type: "call.hangup", id: 5, call: "c_outgoing1", cause });
    expect(states().slice(-2)).toEqual(["ended", "over"]);
    await soon(() => incoming[0]?.isOver).toBe(true);
    await telephony.obey({ type: "call.hangup", id: 6, call: "c_outgoing1" });
    const nowhere = telephony.obey({ type: "call.start", ...start, call: "c_outgoing2", trunk: "none" });
    await expect(nowhere).rejects.toMatchObject({ code: "trunk-unavailable" });
  });
});

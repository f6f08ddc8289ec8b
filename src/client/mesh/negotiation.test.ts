import { beforeEach, describe, expect, it } from "vitest";
import type { VirtualTime } from "../core/testing/virtual-time.ts";
import { createVirtualTime } from "../core/testing/virtual-time.ts";
import { createNegotiation, type Negotiation } from "./negotiation.ts";
import { createFakeConnection, type FakeConnection } from "./testing/fake-connection.ts";
import { createFakeNetwork, type FakeNetwork } from "./testing/fake-network.ts";
import type { FakeTrack } from "./testing/fake-transceiver.ts";

type Message =
  | { kind: "description"; negotiation: string; type: string; sdp: string; sources: Record<string, number> | undefined }
  | { kind: "ack"; negotiation: string };

interface Side {
  connection: FakeConnection;
  negotiation: Negotiation;
  /** What it sent and the channel still holds. */
  out: Message[];
  ignored: string[];
  failures: { error: unknown; final: boolean }[];
  sources: Record<string, number>;
  reachable: boolean;
}

const STEP = 5;

describe("perfect negotiation over a channel that the test holds", () => {
  let time: VirtualTime;
  let network: FakeNetwork;
  let impolite: Side;
  let polite: Side;
  let tracks = 0;

  const side = (prefix: string): Side => {
    const connection = createFakeConnection(time, network, () => STEP);
    const made: Omit<Side, "negotiation"> = {
      connection,
      out: [],
      ignored: [],
      failures: [],
      sources: {},
      reachable: true,
    };
    const negotiation = createNegotiation({
      connection: connection as unknown as RTCPeerConnection,
      polite: prefix === "2",
      prefix,
      reachable: () => made.reachable,
      setTimer: time.setTimer,
      describe: ({ negotiation, description, sources }) =>
        made.out.push({ kind: "description", negotiation, type: description.type, sdp: description.sdp, sources }),
      acknowledge: negotiation => made.out.push({ kind: "ack", negotiation }),
      sources: () => made.sources,
      applied: async () => {},
      ignored: id => made.ignored.push(id),
      failed: (error, final) => made.failures.push({ error, final }),
    });
    connection.onnegotiationneeded = negotiation.needed;
    return Object.assign(made, { negotiation });
  };
  const publish = (to: Side): void => {
    to.connection.addTrack({ id: `t${++tracks}`, kind: "audio", enabled: true } satisfies FakeTrack);
  };
  /** Let what `from` has said arrive at `to`, and let both work. */
  const pass = async (from: Side, to: Side): Promise<Message[]> => {
    const messages = from.out.splice(0);
    for (const message of messages) {
      if (message.kind === "ack") to.negotiation.acknowledged(message.negotiation);
      else {
        const description = { type: message.type as "offer", sdp: message.sdp };
        to.negotiation.receive({ negotiation: message.negotiation, description });
      }
    }
    await time.advance(4 * STEP);
    return messages;
  };
  const says = (messages: readonly Message[]): string[] =>
    messages.map(message => `${message.kind === "ack" ? "ack" : message.type} ${message.negotiation}`);
  const stable = (): void =>
    expect([impolite.connection.signalingState, polite.connection.signalingState]).toEqual(["stable", "stable"]);
  /** Both have agreed on the same offer. */
  const agreed = (): void => {
    stable();
    expect(impolite.connection.endpoint.remote).toBe(polite.connection.endpoint.local);
    expect(polite.connection.endpoint.remote).toBe(impolite.connection.endpoint.local);
  };

  beforeEach(() => {
    time = createVirtualTime();
    network = createFakeNetwork(time);
    impolite = side("1");
    polite = side("2");
  });

  it("exchanges an offer, its acknowledgement, an answer and its acknowledgement, and is silent then", async () => {
    publish(impolite);
    await time.advance(20);
    expect(says(await pass(impolite, polite))).toEqual(["offer 1.1"]);
    expect(says(await pass(polite, impolite))).toEqual(["ack 1.1", "answer 1.1"]);
    expect(says(await pass(impolite, polite))).toEqual(["ack 1.1"]);
    agreed();
    await time.advance(600_000);
    expect([impolite.out, polite.out]).toEqual([[], []]);
  });

  it("sends an offer again, ever slower, until it is acknowledged, and only while that makes sense", async () => {
    publish(impolite);
    await time.advance(2_100);
    expect(says(impolite.out.splice(0))).toEqual(["offer 1.1", "offer 1.1"]);
    impolite.reachable = false;
    await time.advance(60_000);
    expect(impolite.out).toEqual([]);
    impolite.reachable = true;
    await time.advance(16_000);
    expect(says(impolite.out)).toEqual(["offer 1.1"]);
    await time.advance(160_000);
    expect(impolite.out.length).toBe(11);
    impolite.negotiation.acknowledged("1.1");
    impolite.out = [];
    await time.advance(60_000);
    expect(impolite.out).toEqual([]);
  });

  it("is as quick again with the next offer after it had to be slow", async () => {
    publish(impolite);
    await time.advance(100_000);
    await pass(impolite, polite);
    polite.out = polite.out.filter(({ kind }) => kind !== "ack");
    await pass(polite, impolite);
    await pass(impolite, polite);
    agreed();
    publish(impolite);
    await time.advance(2_100);
    expect(says(impolite.out)).toEqual(["offer 1.2", "offer 1.2"]);
  });

  it("sends an answer again until it is acknowledged, though the offerer is silent because its offer was", async () => {
    publish(impolite);
    await time.advance(20);
    await pass(impolite, polite);
    polite.out = polite.out.filter(({ kind }) => kind === "ack");
    await pass(polite, impolite);
    await time.advance(2_000);
    expect(impolite.out).toEqual([]);
    expect(says(await pass(polite, impolite))).toEqual(["answer 1.1"]);
    await pass(impolite, polite);
    agreed();
    await time.advance(60_000);
    expect(polite.out).toEqual([]);
  });

  it("answers an offer that comes again with the same answer, and applies neither twice", async () => {
    publish(impolite);
    await time.advance(20);
    const [offer] = impolite.out;
    await pass(impolite, polite);
    impolite.out = [offer as Message, offer as Message];
    await pass(impolite, polite);
    const messages = await pass(polite, impolite);
    expect(says(messages)).toEqual(["ack 1.1", "answer 1.1", "answer 1.1", "answer 1.1"]);
    expect(says(await pass(impolite, polite))).toEqual(["ack 1.1", "ack 1.1", "ack 1.1"]);
    agreed();
    expect([...impolite.failures, ...polite.failures]).toEqual([]);
  });

  it("lets the polite side give way when offers cross, without sending any twice", async () => {
    publish(impolite);
    publish(polite);
    await time.advance(20);
    const [fromPolite, fromImpolite] = [polite.out.splice(0), impolite.out.splice(0)];
    polite.out = fromPolite;
    expect(says(await pass(polite, impolite))).toEqual(["offer 2.1"]);
    expect(impolite.ignored).toEqual(["2.1"]);
    impolite.out.push(...fromImpolite);
    expect(says(await pass(impolite, polite))).toEqual(["offer 1.1"]);
    expect(says(await pass(polite, impolite))).toEqual(["ack 1.1", "answer 1.1"]);
    await pass(impolite, polite);
    agreed();
    await time.advance(60_000);
    expect([impolite.out, polite.out]).toEqual([[], []]);
  });

  it("does not wait for ever when the impolite side's offer was lost and the polite side's comes", async () => {
    publish(impolite);
    await time.advance(20);
    impolite.out = [];
    publish(polite);
    await time.advance(20);
    await pass(polite, impolite);
    expect(impolite.out).toEqual([]);
    await time.advance(300);
    expect(says(await pass(impolite, polite))).toEqual(["offer 1.1"]);
    await pass(polite, impolite);
    await pass(impolite, polite);
    agreed();
  });

  it("sends at once again whatever is unanswered when either side has resumed", async () => {
    publish(impolite);
    await time.advance(20);
    impolite.negotiation.acknowledged("1.1");
    impolite.out = [];
    impolite.negotiation.resend();
    await time.advance(0);
    expect(says(await pass(impolite, polite))).toEqual(["offer 1.1"]);
    polite.out = [];
    polite.negotiation.resend();
    await time.advance(0);
    expect(says(await pass(polite, impolite))).toEqual(["answer 1.1"]);
    await pass(impolite, polite);
    agreed();
    for (const one of [impolite, polite]) one.negotiation.resend();
    await time.advance(0);
    expect([impolite.out, polite.out]).toEqual([[], []]);
  });

  it("delivers an unacknowledged answer before the offer that follows it", async () => {
    publish(impolite);
    await time.advance(20);
    await pass(impolite, polite);
    publish(polite);
    polite.connection.addTrack({ id: "second", kind: "audio", enabled: true });
    await time.advance(50);
    polite.out = [];
    polite.negotiation.resend();
    await time.advance(0);
    expect(says(await pass(polite, impolite))).toEqual(["answer 1.1", "offer 2.1"]);
    await pass(impolite, polite);
    await pass(polite, impolite);
    agreed();
  });

  it("tells of a line's new source although the browser wants no offer", async () => {
    publish(impolite);
    impolite.sources = { 0: 16 };
    await time.advance(20);
    await pass(impolite, polite);
    await pass(polite, impolite);
    await pass(impolite, polite);
    impolite.negotiation.changed();
    await time.advance(50);
    expect(impolite.out).toEqual([]);
    impolite.sources = { 0: 20 };
    impolite.negotiation.changed();
    await time.advance(50);
    expect(impolite.out).toMatchObject([{ type: "offer", sources: { 0: 20 } }]);
  });

  it("takes its offer back when the answer is no answer, and gives up after three failures", async () => {
    publish(impolite);
    for (let round = 1; round <= 3; round++) {
      await time.advance(50);
      const bad = { type: "answer" as const, sdp: "nonsense" };
      impolite.negotiation.receive({ negotiation: `1.${round}`, description: bad });
      await time.advance(50);
      expect(impolite.failures.at(-1)?.final).toBe(round === 3);
    }
    expect(says(impolite.out).filter(message => message.startsWith("offer"))).toEqual(
      expect.arrayContaining(["offer 1.1", "offer 1.2", "offer 1.3"]),
    );
  });

  it("ignores answers to what it has not asked, and rollbacks from outside", async () => {
    publish(impolite);
    await time.advance(20);
    impolite.negotiation.receive({ negotiation: "9.9", description: { type: "answer", sdp: "nonsense" } });
    impolite.negotiation.receive({ negotiation: "1.1", description: { type: "rollback", sdp: "" } });
    await time.advance(20);
    expect(impolite.connection.signalingState).toBe("have-local-offer");
    expect(impolite.failures).toEqual([]);
  });

  it("says nothing after its end", async () => {
    publish(impolite);
    await time.advance(20);
    impolite.out = [];
    impolite.negotiation.close();
    impolite.negotiation.resend();
    impolite.negotiation.receive({ negotiation: "2.1", description: { type: "offer", sdp: "nonsense" } });
    await time.advance(60_000);
    expect([impolite.out, impolite.failures]).toEqual([[], []]);
  });
});

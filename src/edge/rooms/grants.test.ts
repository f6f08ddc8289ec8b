import { describe, expect, it } from "vitest";
import { CLIENT_FRAMES } from "../../protocol/commands.ts";
import { type Grants, HOST_GRANTS } from "../../protocol/grants.ts";
import { SOURCE_KINDS } from "../../protocol/names.ts";
import { type Joined, join, uniqueRoom } from "../testing/client.ts";
import { COMMANDS } from "./commands.ts";

const every = [...SOURCE_KINDS];

/** Grants to try, from none to all, each alone and each missing. */
const HOLDERS: Readonly<Record<string, Grants>> = {
  none: {},
  create: { create: true },
  "publish mic": { publish: ["mic"] },
  "publish camera": { publish: ["camera"] },
  "publish all": { publish: every },
  "subscribe all": { subscribe: every },
  chat: { chat: true },
  data: { data: true },
  profile: { profile: true },
  moderate: { moderate: true },
  dial: { dial: true },
  hidden: { hidden: true },
  direct: { publish: every, subscribe: every, data: true },
  "direct but hidden": { publish: every, subscribe: every, data: true, hidden: true },
  "direct but one kind": { publish: every.slice(1), subscribe: every, data: true },
  host: HOST_GRANTS,
};

interface Scene {
  readonly self: Joined;
  readonly peer: Joined;
  readonly peerSource: number;
}

/** A valid frame of each type, and who may send it: written down here once more, so that a slip in the table shows. */
const MESSAGES: Readonly<Record<string, { fields(scene: Scene): Record<string, unknown>; may: readonly string[] }>> = {
  "profile.update": { fields: () => ({ name: "New" }), may: ["profile", "host"] },
  "source.publish": {
    fields: () => ({ kind: "mic" }),
    may: ["publish mic", "publish all", "direct", "direct but hidden", "host"],
  },
  // Those who have a source had the grant for it; without one the answer is no-such-source, whoever asks.
  "source.update": { fields: s => ({ number: s.peerSource, muted: true }), may: Object.keys(HOLDERS) },
  "source.unpublish": { fields: s => ({ number: s.peerSource }), may: Object.keys(HOLDERS) },
  "chat.send": { fields: () => ({ text: "hi" }), may: ["chat", "host"] },
  "chat.history": { fields: () => ({}), may: ["chat", "host"] },
  "moderate.mute": { fields: s => ({ number: s.peerSource }), may: ["moderate", "host"] },
  "room.update": { fields: () => ({ metadata: "m" }), may: ["moderate", "host"] },
  "ice.servers": { fields: () => ({}), may: Object.keys(HOLDERS) },
  "session.offer": { fields: () => ({ epoch: 1, offer: { sdp: "v=0" } }), may: Object.keys(HOLDERS) },
  "session.silent": { fields: () => ({ epoch: 1 }), may: Object.keys(HOLDERS) },
  "peer.silent": { fields: s => ({ pid: s.peer.pid }), may: ["direct", "host"] },
  "peer.description": {
    fields: s => ({ to: s.peer.pid, negotiation: "n", description: { type: "offer", sdp: "v=0" } }),
    may: ["direct", "host"],
  },
  "peer.candidates": { fields: s => ({ to: s.peer.pid, negotiation: "n", candidates: [] }), may: ["direct", "host"] },
  "peer.ack": { fields: s => ({ to: s.peer.pid, negotiation: "n" }), may: ["direct", "host"] },
  "peer.done": { fields: s => ({ to: s.peer.pid }), may: ["direct", "host"] },
  "app.message": {
    fields: s => ({ to: [s.peer.pid], data: 1 }),
    may: ["data", "direct", "direct but hidden", "direct but one kind", "host"],
  },
  "phone.call": { fields: () => ({ to: "+49301" }), may: ["dial"] },
  "phone.update": { fields: s => ({ pid: s.peer.pid, held: true }), may: ["dial"] },
  "phone.hangup": { fields: s => ({ pid: s.peer.pid }), may: ["dial"] },
  // In this order: one scene serves all.
  "moderate.remove": { fields: s => ({ pid: s.peer.pid }), may: ["moderate", "host"] },
  leave: { fields: () => ({}), may: Object.keys(HOLDERS) },
};

describe("the table of messages and grants", () => {
  it("has every message of the contract", () => {
    expect(Object.keys(COMMANDS).sort()).toEqual(Object.keys(CLIENT_FRAMES).sort());
    expect(Object.keys(MESSAGES).sort()).toEqual(Object.keys(CLIENT_FRAMES).sort());
  });

  for (const [holder, grants] of Object.entries(HOLDERS)) {
    it(`holds for a token that grants: ${holder}`, async () => {
      const room = uniqueRoom();
      const peer = await join(room, "peer");
      const { result } = await peer.ask("source.publish", { kind: "mic" });
      const self = await join(room, "self", { grants });
      const scene = { self, peer, peerSource: result.number };
      for (const [type, { fields, may }] of Object.entries(MESSAGES)) {
        const id = ++self.lastId;
        self.send({ type, id, ...fields(scene) });
        // Signals are answered by errors only. Leaving ends all answers.
        await (type === "leave" ? self.next("ok") : self.settle());
        const refused = self.frames.some(frame => frame.id === id && frame.code === "no-grant");
        expect(refused, `${type} by ${holder}`).toBe(!may.includes(holder));
      }
    });
  }
});

import { describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_METHOD } from "../stun/constants.ts";
import { createStunMessage, findAttribute, parseStun } from "../stun/message.ts";
import { FUZZ_TIMEOUT, fuzz } from "../testing/fuzz.ts";
import { createMobility } from "./mobility.ts";
import { createHarness, onlyRelay } from "./testing/harness.ts";
import type { Answer, TestClient } from "./testing/test-client.ts";

const PEER = "192.0.3.1:4000";
const DATA = Uint8Array.of(1, 2, 3);
const TICKET = STUN_ATTRIBUTE.mobilityTicket;

/** Allocates with a wish for a ticket; returns the ticket. */
function allocate(client: TestClient): string {
  const answer = client.allocate(to => to.flag(TICKET));
  expect(answer?.error).toBe(0);
  return answer?.text(TICKET) ?? "";
}

/** A Refresh that shows a ticket, after the challenge that proves the address. */
const resume = (client: TestClient, ticket: string, lifetime = 600): Answer | undefined =>
  client.request(STUN_METHOD.refresh, to => {
    to.uint32(STUN_ATTRIBUTE.lifetime, lifetime);
    to.text(TICKET, ticket);
  });

function world() {
  const harness = createHarness({ mobility: true });
  const home = harness.client({ address: "192.0.2.1" });
  const ticket = allocate(home);
  home.bind(0x4000, PEER);
  return { harness, home, ticket, away: harness.client({ address: "192.0.2.77" }) };
}

describe("an allocation with a ticket", () => {
  it("follows its client to another address, with its relay, permissions and channels", () => {
    const { harness, home, ticket, away } = world();
    const relay = onlyRelay(harness);
    const answer = resume(away, ticket);
    expect(answer).toMatchObject({ error: 0, authentic: true });
    expect(answer?.uint32(STUN_ATTRIBUTE.lifetime)).toBe(600);
    expect(answer?.text(TICKET)).not.toBe(ticket);
    expect(onlyRelay(harness)).toBe(relay);
    away.channelData(0x4000, DATA);
    expect(harness.sent).toMatchObject([{ to: PEER, bytes: DATA }]);
    const before = home.inbox.length;
    harness.peer(relay, "192.0.3.1", 4000, DATA);
    expect([...away.inbox.at(-1)!]).toEqual([0x40, 0, 0, 3, ...DATA]);
    // The old address is nobody's any more.
    home.channelData(0x4000, DATA);
    expect(home.request(STUN_METHOD.refresh)?.error).toBe(437);
    expect([harness.sent.length, home.inbox.length - before]).toEqual([1, 1]);
  });

  it("moves on with each new ticket, and back", () => {
    const { harness, home, ticket, away } = world();
    const second = resume(away, ticket)?.text(TICKET) ?? "";
    const third = resume(home, second)?.text(TICKET) ?? "";
    expect(resume(away, third)?.error).toBe(0);
    expect(harness.server.counters.moved).toBe(3);
    expect(harness.server.allocations).toBe(1);
  });

  it("is moved to another transport, and survives the end of a connection", () => {
    const harness = createHarness({ mobility: true });
    const home = harness.client({ kind: "tls" });
    const ticket = allocate(home);
    home.bind(0x4000, PEER);
    home.disconnect();
    expect(harness.server.allocations).toBe(1);
    harness.peer(onlyRelay(harness), "192.0.3.1", 4000, DATA);
    const away = harness.client({ address: "192.0.2.77" });
    expect(resume(away, ticket)?.error).toBe(0);
    away.channelData(0x4000, DATA);
    expect(harness.sent.length).toBe(1);
    // A repeated farewell of the old connection ends nothing.
    home.disconnect();
    expect(harness.server.allocations).toBe(1);
  });

  it("that nobody comes back for expires, and frees its quota", () => {
    const limits = { perIdentity: 1, total: 0, bytesPerSecond: 0, maxChannel: 0x4fff };
    const harness = createHarness({ mobility: true, limits });
    const home = harness.client({ kind: "tcp" });
    allocate(home);
    home.disconnect();
    expect(harness.client().allocate()?.error).toBe(486);
    harness.now += 600_000;
    harness.server.tick(harness.now);
    expect(harness.server.freePorts(1)).toBe(100);
    expect(harness.client().allocate()?.error).toBe(0);
  });

  it("is resumed alike when the answer was lost, and by no older ticket", () => {
    const { ticket, away, harness } = world();
    const first = resume(away, ticket);
    expect(resume(away, ticket)?.text(TICKET)).toBe(first?.text(TICKET));
    expect(harness.server.counters.moved).toBe(1);
    expect(resume(harness.client({ address: "192.0.2.78" }), ticket)?.error).toBe(400);
  });

  it("may be ended from the new address", () => {
    const { ticket, away, harness } = world();
    const answer = resume(away, ticket, 0);
    expect(answer?.error).toBe(0);
    expect(answer?.text(TICKET)).toBeUndefined();
    expect(harness.records).toMatchObject([{ reason: "released" }]);
    expect(resume(harness.client(), ticket)?.error).toBe(400);
  });
});

describe("a ticket", () => {
  it("opens nothing to anybody else, nor without a proof of address", () => {
    const { ticket, harness } = world();
    const bob = harness.client({ username: "bob", password: "builder" });
    expect(resume(bob, ticket)?.error).toBe(441);
    expect(resume(harness.client({ password: "wrong" }), ticket)?.error).toBe(401);
    const stranger = harness.client({ address: "192.0.2.99" });
    const unsigned = stranger.plain(STUN_METHOD.refresh, to => to.text(TICKET, ticket));
    expect(unsigned?.error).toBe(401);
    expect(harness.server.counters.moved).toBe(0);
  });

  it("can't be brought to a 5-tuple that has an allocation", () => {
    const { ticket, harness } = world();
    const other = harness.client();
    other.allocate();
    expect(resume(other, ticket)?.error).toBe(400);
  });

  it("is void with its allocation", () => {
    const { ticket, harness, away } = world();
    harness.server.revoke("alice", 0, harness.now);
    expect(resume(away, ticket)?.error).toBe(400);
  });

  it("is asked for by an empty attribute, and unknown to a server that has mobility off", () => {
    const harness = createHarness({ mobility: true });
    expect(harness.client().allocate(to => to.text(TICKET, "x"))?.error).toBe(400);
    expect(harness.client().allocate()?.text(TICKET)).toBeUndefined();
    const off = createHarness().client();
    const answer = off.allocate(to => to.flag(TICKET));
    expect([answer?.error, answer?.text(TICKET)]).toEqual([0, undefined]);
    expect(off.request(STUN_METHOD.refresh, to => to.text(TICKET, "x"))?.error).toBe(0);
  });

  it("that isn't genuine brings nothing, whatever its bytes", { timeout: FUZZ_TIMEOUT }, () => {
    const mobility = createMobility();
    const harness = createHarness({ mobility: true });
    harness.client().allocate();
    const { allocation } = onlyRelay(harness);
    mobility.enroll(allocation);
    const ticket = mobility.ticketOf(allocation)!;
    const message = createStunMessage();
    const bytes = Buffer.alloc(24 + 32);
    bytes.writeUInt16BE(STUN_METHOD.refresh, 0);
    bytes.writeUInt16BE(36, 2);
    bytes.writeUInt32BE(0x2112a442, 4);
    bytes.writeUInt16BE(TICKET, 20);
    bytes.writeUInt16BE(32, 22);
    bytes.write(ticket, 24);
    fuzz([bytes], input => {
      if (!parseStun(message, input, 0, input.length)) return;
      const at = findAttribute(message, TICKET);
      if (at < 0 || mobility.redeem(message, at, undefined) === undefined) return;
      if (input.toString("latin1", at + 4, at + 36) !== ticket) throw new Error("a forged ticket was taken");
    });
    expect(parseStun(message, bytes, 0, bytes.length)).toBe(true);
    expect(mobility.redeem(message, 20, undefined)).toBe(allocation);
  });
});

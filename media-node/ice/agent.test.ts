import { describe, expect, it } from "vitest";
import { createStunAddress, formatAddress } from "../stun/address.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../stun/constants.ts";
import { shortTermKey } from "../stun/credentials.ts";
import { verifyFingerprint, verifyIntegrity, verifyIntegritySha256 } from "../stun/integrity.ts";
import { attributeLength, findAttribute, hasTransactionId, readAddress, readErrorCode } from "../stun/message.ts";
import { createBench, REMOTE, RESTARTED, read } from "./peer.testing.ts";
import { ICE_RESULT } from "./types.ts";

describe("answering checks", () => {
  it.each([
    ["192.0.2.1", 40_001],
    ["2001:db8::7", 1],
    ["127.0.0.1", 65_535],
    ["::1", 9],
  ])("tells %s its address, signed, under the same transaction", (address, port) => {
    const bench = createBench();
    expect(bench.check(1, { address, port })).toBe(ICE_RESULT.answered);
    const { message } = read(bench.sent[0]);
    expect(bench.sent[0]?.path).toBe(1);
    expect(message.class).toBe(STUN_CLASS.success);
    expect(hasTransactionId(message, Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0))).toBe(true);
    const mapped = createStunAddress();
    expect(readAddress(message, findAttribute(message, STUN_ATTRIBUTE.xorMappedAddress), true, mapped)).toBe(true);
    expect(formatAddress(mapped.bytes, mapped.family)).toBe(address);
    expect(mapped.port).toBe(port);
    expect(verifyIntegrity(message, shortTermKey(bench.agent.local.password)!)).toBe(true);
    expect(verifyFingerprint(message)).toBe(true);
    expect(findAttribute(message, STUN_ATTRIBUTE.username)).toBe(-1);
  });

  it("spells an IPv4 peer of a dual-stack socket as IPv4", () => {
    const bench = createBench();
    bench.check(1, { address: "::ffff:192.0.2.1" });
    const { message } = read(bench.sent[0]);
    expect(attributeLength(message, findAttribute(message, STUN_ATTRIBUTE.xorMappedAddress))).toBe(8);
  });

  it("answers with SHA-256 who signs with SHA-256", () => {
    const bench = createBench();
    expect(bench.check(1, { sha256: true })).toBe(ICE_RESULT.answered);
    const { message } = read(bench.sent[0]);
    expect(verifyIntegritySha256(message, shortTermKey(bench.agent.local.password)!)).toBe(true);
    expect(message.integrityAt).toBe(-1);
  });

  it("never answers longer than it was asked", () => {
    const bench = createBench();
    for (const check of [{}, { unsigned: true }, { password: "wrong" }, { controlled: true }]) {
      bench.sent.length = 0;
      bench.check(1, check);
      expect(bench.sent[0]?.bytes.length).toBeLessThanOrEqual(84);
    }
  });
});

describe("refusing", () => {
  it.each([
    ["a request without integrity", { unsigned: true }, ICE_RESULT.unsigned, 400],
    ["an unsigned nomination", { unsigned: true, nominate: true }, ICE_RESULT.unsigned, 400],
    ["another ufrag", { username: "AAAAAAAA:evtj" }, ICE_RESULT.unknownUfrag, 401],
    ["a ufrag that only begins like ours", { username: "B" }, ICE_RESULT.unknownUfrag, 401],
    ["a wrong password", { password: "not the password at all" }, ICE_RESULT.badIntegrity, 401],
    ["the peer's own password", { password: REMOTE.password }, ICE_RESULT.badIntegrity, 401],
    ["the controlled role", { controlled: true }, ICE_RESULT.roleConflict, 487],
  ])("refuses %s, and keeps no state of it", (_, check, result, code) => {
    const bench = createBench();
    expect(bench.check(3, check)).toBe(result);
    const { message } = read(bench.sent[0]);
    expect(message.class).toBe(STUN_CLASS.error);
    expect(readErrorCode(message)).toBe(code);
    expect(bench.events).toEqual([]);
    expect(bench.agent.accepts(3)).toBe(false);
  });

  it("lists what it doesn't know of a signed request", () => {
    const bench = createBench();
    const extra = (writer: { flag(type: number): void }) => {
      writer.flag(0x7f01);
      writer.flag(0xc001);
    };
    expect(bench.check(1, { extra })).toBe(ICE_RESULT.unknownAttribute);
    const { message } = read(bench.sent[0]);
    expect(readErrorCode(message)).toBe(420);
    const at = findAttribute(message, STUN_ATTRIBUTE.unknownAttributes);
    expect([...message.bytes.subarray(at + 2, at + 6)]).toEqual([0, 2, 0x7f, 0x01]);
    expect(verifyIntegrity(message, shortTermKey(bench.agent.local.password)!)).toBe(true);
  });

  it("is silent to indications, other methods, broken fingerprints and junk", () => {
    const bench = createBench();
    expect(bench.check(1, { class: STUN_CLASS.indication })).toBe(ICE_RESULT.ignored);
    expect(bench.check(1, { class: STUN_CLASS.success })).toBe(ICE_RESULT.strayResponse);
    expect(bench.check(1, { method: STUN_METHOD.allocate })).toBe(ICE_RESULT.malformed);
    expect(bench.check(1, { extra: writer => writer.fingerprint() })).toBe(ICE_RESULT.malformed);
    bench.check(1);
    const bytes = bench.sent[0]!.bytes;
    bytes[bytes.length - 1]! ^= 1;
    expect(bench.agent.handle(bytes, 0, bytes.length, 1, "192.0.2.1", 1, 0)).toBe(ICE_RESULT.malformed);
    expect(bench.agent.handle(new Uint8Array(5), 0, 5, 1, "192.0.2.1", 1, 0)).toBe(ICE_RESULT.malformed);
    expect(bench.sent).toHaveLength(1);
  });

  it("answers a flood on a valid path only so far, and recovers", () => {
    const bench = createBench();
    for (let i = 0; i < 1000; i++) bench.check(1);
    expect(bench.sent.length).toBe(41);
    expect(bench.check(1)).toBe(ICE_RESULT.limited);
    bench.advance(1000);
    bench.flush();
    for (let i = 0; i < 1000; i++) bench.check(1);
    expect(bench.sent.length).toBe(25);
  });

  it("spends a fixed budget on errors, whatever the number of senders, and none of it on valid checks", () => {
    const bench = createBench();
    for (let path = 0; path < 1000; path++) bench.check(path, { password: "wrong" });
    expect(bench.sent.length).toBe(10);
    expect(bench.check(1)).toBe(ICE_RESULT.answered);
    expect(bench.sent.length).toBe(11);
  });

  it("does nothing once closed", () => {
    const bench = createBench();
    bench.check(1);
    bench.agent.close();
    bench.agent.close();
    bench.flush();
    expect(bench.check(1)).toBe(ICE_RESULT.closed);
    bench.agent.dtlsFinished(1, 1, 0);
    bench.agent.pathClosed(1);
    bench.agent.tick(1e9);
    expect(bench.agent.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(bench.agent.accepts(1)).toBe(false);
    expect([...bench.sent, ...bench.events]).toEqual([]);
  });
});

describe("silence", () => {
  it("is told after 8 s, taken back by any sign of life, and ends the agent after 30 s", () => {
    const bench = createBench();
    bench.check(1, { nominate: true });
    bench.flush();
    bench.advance(7_999);
    expect(bench.events).toEqual([]);
    bench.advance(1);
    expect(bench.events).toEqual(["silent"]);
    bench.agent.heard(1, bench.now);
    expect(bench.events).toEqual(["silent", "alive"]);
    bench.advance(29_999);
    expect(bench.events).toEqual(["silent", "alive", "silent"]);
    bench.advance(1);
    expect(bench.events.at(-1)).toBe("timeout");
    expect(bench.check(1)).toBe(ICE_RESULT.closed);
  });

  it("of a peer that never came ends the agent without a report", () => {
    const bench = createBench();
    bench.check(1, { password: "wrong" });
    bench.advance(30_000);
    expect(bench.events).toEqual(["timeout"]);
  });

  it("is not broken by what anybody can send", () => {
    const bench = createBench();
    bench.check(1);
    for (let i = 0; i < 30; i++) {
      bench.advance(1000);
      bench.check(1, { class: STUN_CLASS.indication });
      bench.check(1, { password: "wrong" });
      bench.agent.heard(99, bench.now);
    }
    expect(bench.events).toEqual(["valid 1", "silent", "timeout"]);
  });
});

describe("ICE restart", () => {
  it("takes old and new credentials until the first check with the new, then the new only", () => {
    const bench = createBench();
    const old = bench.agent.local;
    bench.check(1, { nominate: true });
    bench.agent.dtlsFinished(1, 1, 0);
    const next = bench.agent.restart(RESTARTED);
    expect(next).not.toEqual(old);
    expect(bench.agent.local).toEqual(next);
    const byOld = { username: `${old.ufrag}:x`, password: old.password };
    expect(bench.check(1, byOld)).toBe(ICE_RESULT.answered);
    expect(bench.check(1, { username: `${next.ufrag}:x`, password: old.password })).toBe(ICE_RESULT.badIntegrity);
    bench.flush();
    expect(bench.check(2, { nominate: true })).toBe(ICE_RESULT.answered);
    expect(bench.events).toEqual([`retired ${old.ufrag}`, "valid 2"]);
    expect(bench.check(1, byOld)).toBe(ICE_RESULT.unknownUfrag);
  });

  it("keeps media on the old path until the new one has answered, signed with the new password", () => {
    const bench = createBench();
    bench.check(1, { nominate: true });
    bench.agent.dtlsFinished(1, 1, 0);
    bench.agent.restart(RESTARTED);
    bench.advance(50);
    bench.check(2, { nominate: true });
    expect(bench.agent.selected).toBe(1);
    const { message } = read(bench.sent.at(-1));
    expect(Buffer.from(message.bytes).includes(`h6vY:${bench.agent.local.ufrag}`)).toBe(true);
    expect(bench.respond(2, { password: REMOTE.password })).toBe(ICE_RESULT.strayResponse);
    expect(bench.respond(2, { password: RESTARTED.password })).toBe(ICE_RESULT.proved);
    expect(bench.agent.selected).toBe(2);
  });

  it("twice in a row drops the one in between, unused", () => {
    const bench = createBench();
    const first = bench.agent.local;
    const second = bench.agent.restart(RESTARTED);
    const third = bench.agent.restart(RESTARTED);
    expect(bench.events).toEqual([`retired ${second.ufrag}`]);
    expect(bench.check(1, { username: `${first.ufrag}:x`, password: first.password })).toBe(ICE_RESULT.answered);
    expect(bench.check(1)).toBe(ICE_RESULT.answered);
    expect(bench.events).toEqual([`retired ${second.ufrag}`, "valid 1", `retired ${first.ufrag}`]);
    expect(bench.agent.local).toEqual(third);
  });
});

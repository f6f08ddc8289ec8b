/** Abuse tests of a TURN server, by their numbers: nonces, credentials and what is logged of them. */
import { describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_METHOD } from "../stun/constants.ts";
import { passwordAlgorithms } from "../stun/credentials.ts";
import { createNonces } from "./auth/nonce.ts";
import { createHarness, restPassword, restSecret, UDP } from "./testing/harness.ts";

const PEER = "192.0.3.1:4000";

describe("8: a nonce", () => {
  it("is its client's, for a time, until the restart", () => {
    const nonces = createNonces(new Uint8Array(32).fill(1), 600);
    const nonce = nonces.create("192.0.2.1", 1, 5_000);
    expect(nonces.create("192.0.2.1", 2, 5_000)).not.toBe(nonce);
    expect(nonces.isFresh(nonce, "192.0.2.1", 1, 605_000)).toBe(true);
    expect(nonces.isFresh(nonce, "192.0.2.1", 1, 606_000)).toBe(false);
    expect(nonces.isFresh(nonce, "192.0.2.1", 2, 5_000)).toBe(false);
    expect(nonces.isFresh(nonce, "192.0.2.2", 1, 5_000)).toBe(false);
    expect(createNonces(new Uint8Array(32).fill(2), 600).isFresh(nonce, "192.0.2.1", 1, 5_000)).toBe(false);
    expect(nonces.isFresh(nonce.replace("gAAA", "AAAA"), "192.0.2.1", 1, 5_000)).toBe(false);
    expect(nonces.isFresh(`${nonce}A`, "192.0.2.1", 1, 5_000)).toBe(false);
    expect(nonces.isFresh("", "192.0.2.1", 1, 5_000)).toBe(false);
  });

  it("costs one 438 when it is stale or stolen", () => {
    const harness = createHarness();
    const client = harness.client();
    client.allocate();
    harness.now += 601_000 - 300_000;
    client.request(STUN_METHOD.refresh);
    harness.now += 301_000;
    const answer = client.request(STUN_METHOD.refresh);
    expect(answer?.error).toBe(438);
    client.nonce = answer?.text(STUN_ATTRIBUTE.nonce) ?? "";
    expect(client.request(STUN_METHOD.refresh)?.error).toBe(0);
    const thief = harness.client({ address: "192.0.2.66" });
    thief.nonce = client.nonce;
    expect(thief.allocate()?.error).toBe(438);
  });

  it("can't be used to bid a client down from SHA-256", () => {
    const harness = createHarness();
    const allocate = (change: object) =>
      harness
        .client({ algorithm: 2 })
        .request(STUN_METHOD.allocate, to => to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP), change);
    expect(allocate({})).toMatchObject({ error: 0, authentic: true });
    expect(allocate({})?.message.integritySha256At).toBeGreaterThan(0);
    expect(allocate({ list: undefined })?.error).toBe(400);
    expect(allocate({ chosen: undefined })?.error).toBe(400);
    expect(allocate({ list: passwordAlgorithms([1]), chosen: 1 })?.error).toBe(400);
    expect(allocate({ list: passwordAlgorithms([1, 2]) })?.error).toBe(400);
    expect(allocate({ chosen: 3 })?.error).toBe(400);
    // The list intact but MD5 chosen: the key is another one, which the client doesn't have.
    expect(allocate({ chosen: 1 })?.error).toBe(401);
    // Neither attribute: an MD5 client.
    expect(harness.client().allocate()).toMatchObject({ error: 0, authentic: true });
  });
});

describe("10: credentials", () => {
  it("of somebody else on a 5-tuple are 441, wrong ones 401, expired ones 401", () => {
    const harness = createHarness();
    const client = harness.client();
    client.allocate();
    const bob = harness.client({ username: "bob", password: "builder" });
    const asBob = client.request(STUN_METHOD.refresh, undefined, { username: "bob", key: bob.key });
    expect(asBob?.error).toBe(441);
    expect(client.request(STUN_METHOD.refresh, undefined, { key: bob.key })?.error).toBe(401);
    expect(harness.client({ password: "wrong" }).allocate()?.error).toBe(401);
    expect(harness.client({ username: "mallory" }).allocate()?.error).toBe(401);
    const rest = (name: string, secret = "north") =>
      harness.client({ username: name, password: restPassword(restSecret(secret), name) }).allocate()?.error;
    expect(rest("1699999999:any:x")).toBe(401);
    expect(rest("1700000001:any:x")).toBe(0);
    expect(rest("1700000001:x")).toBe(0);
    expect(rest("1700000001:any:x", "south")).toBe(401);
    expect(rest("1700000001:everything:x")).toBe(401);
  });

  it("may expire during a call; a new secret works beside the old one", () => {
    const harness = createHarness({ secrets: ["new", "north"] });
    const name = "1700000001:any:x";
    const client = harness.client({ username: name, password: restPassword(restSecret("north"), name) });
    expect(client.allocate()?.error).toBe(0);
    harness.unixSeconds += 10_000;
    expect(client.request(STUN_METHOD.refresh)?.error).toBe(0);
    expect(client.bind(0x4000, PEER)?.error).toBe(0);
  });

  it("that were revoked end their allocations and make no new ones until they have expired", () => {
    const harness = createHarness();
    const name = "1700000100:any:x";
    const credentials = { username: name, password: restPassword(restSecret("north"), name) };
    harness.client(credentials).allocate();
    harness.server.revoke("x", 1_700_000_100, harness.now);
    expect(harness.records).toMatchObject([{ reason: "revoked", identity: "x", scope: "any" }]);
    expect(harness.open.size).toBe(0);
    expect(harness.client(credentials).allocate()?.error).toBe(401);
    harness.unixSeconds += 101;
    const later = "1700000900:any:x";
    const renewed = { username: later, password: restPassword(restSecret("north"), later) };
    expect(harness.client(renewed).allocate()?.error).toBe(0);
  });
});

it("17: what is logged of an allocation holds neither password nor user name", () => {
  const harness = createHarness();
  const name = "1700000600:any:opaque";
  const password = restPassword(restSecret("north"), name);
  harness.client({ username: name, password }).allocate();
  harness.server.close(harness.now);
  const line = JSON.stringify(harness.records);
  expect(line).toContain('"identity":"opaque"');
  expect(line).not.toContain(password);
  expect(line).not.toContain("north");
  expect(line).not.toContain(name);
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clientCertificate, serverCertificate } from "../../dtls/testing/pair.ts";
import { createTestClient } from "../../dtls/testing/test-client.ts";
import { STUN_ATTRIBUTE } from "../../stun/constants.ts";
import { createHarness, onlyRelay } from "../testing/harness.ts";
import { createClient } from "../testing/test-client.ts";
import { createDtlsClients, type DtlsClientsOptions } from "./dtls-clients.ts";
import { readDtlsIdentity } from "./identity.ts";

const PEER = "192.0.3.1:4000";
const DATA = Uint8Array.of(1, 2, 3, 4, 5);

/** A TURN server with DTLS clients in virtual time; each client is a path. */
function createWorld(limits: Partial<DtlsClientsOptions> = {}, addressOf = (_path: number) => "192.0.2.9") {
  const harness = createHarness();
  const held = new Map<number, number>();
  const ends: ((datagram: Uint8Array) => void)[] = [];
  const clients = createDtlsClients({
    udp: {
      send: (path, bytes, offset, length) => ends[path]?.(bytes.slice(offset, offset + length)),
      retain: path => held.set(path, (held.get(path) ?? 0) + 1),
      release: path => held.set(path, held.get(path)! - 1),
      addressOf,
      portOf: path => 1024 + path,
    },
    identity: () => serverCertificate,
    maxClients: 10,
    maxPerAddress: 10,
    attach: harness.server.attach,
    ...limits,
  });
  return {
    harness,
    clients,
    held: () => [...held.values()].reduce((sum, count) => sum + count, 0),
    /** A client that speaks TURN over DTLS. @param answers datagrams that it hears before it falls silent */
    connect(answers = Number.POSITIVE_INFINITY) {
      const inbox: Uint8Array[] = [];
      const sent: Uint8Array[] = [];
      const path = ends.length;
      const receive = (bytes: Uint8Array): void => clients.receive(path, bytes.slice(), 0, bytes.length, harness.now);
      const dtls = createTestClient({
        certificate: clientCertificate,
        anonymous: true,
        send(datagram) {
          sent.push(datagram.slice());
          receive(datagram);
        },
        onData: data => inbox.push(data.slice()),
      });
      let heard = 0;
      ends.push(datagram => {
        if (++heard <= answers) dtls.handle(datagram, harness.now);
      });
      dtls.start(harness.now);
      const inlet = {
        receive: (_client: number, bytes: Uint8Array) => receive(dtls.seal(23, bytes)),
        closed() {},
        hasAllocation: () => false,
      };
      return { dtls, path, sent, receive, turn: createClient(harness, inlet, path, inbox, {}) };
    },
  };
}

describe("a client over DTLS", () => {
  it("allocates and relays both ways, unpadded, and its address is the one that it came from", () => {
    const { harness, clients, connect } = createWorld();
    const { turn, dtls, path } = connect();
    expect(dtls.connected).toBe(true);
    const answer = turn.allocate();
    expect(answer).toMatchObject({ error: 0, authentic: true });
    expect(answer?.address(STUN_ATTRIBUTE.xorMappedAddress)).toBe(`192.0.2.9:${1024 + path}`);
    expect(turn.bind(0x4000, PEER)?.error).toBe(0);
    turn.channelData(0x4000, DATA);
    expect(harness.sent).toMatchObject([{ to: PEER, bytes: DATA }]);
    harness.peer(onlyRelay(harness), "192.0.3.1", 4000, DATA);
    expect([...turn.inbox.at(-1)!]).toEqual([0x40, 0, 0, 5, ...DATA]);
    harness.peer(onlyRelay(harness), "192.0.3.1", 4000, new Uint8Array(1_400));
    expect(turn.inbox.at(-1)!.length).toBe(1_404);
    expect(clients.counters).toMatchObject({ challenged: 1, connected: 1, dropped: 0 });
    expect(harness.server.counters.relayed.dtls).toMatchObject({ packetsUp: 1, packetsDown: 2 });
    // No record holds so much: it is lost, and counted.
    harness.peer(onlyRelay(harness), "192.0.3.1", 4000, new Uint8Array(20_000));
    expect(clients.counters.dropped).toBe(1);
  });

  it("costs nothing before its address is proven", () => {
    const { harness, clients, connect, held } = createWorld();
    const { sent } = connect();
    const before = clients.clients;
    for (let path = 100; path < 5_100; path++) clients.receive(path, sent[0]!, 0, sent[0]!.length, harness.now);
    expect(clients.clients).toBe(before);
    expect(held()).toBe(before);
    // The hello with the cookie, from anywhere else.
    for (let path = 100; path < 200; path++) clients.receive(path, sent[1]!, 0, sent[1]!.length, harness.now);
    expect(clients.clients).toBe(before);
  });

  it("loses its allocation when it says goodbye", () => {
    const { harness, clients, connect, held } = createWorld();
    const { turn, dtls, receive } = connect();
    turn.allocate();
    receive(dtls.seal(21, Uint8Array.of(1, 0)));
    expect(harness.records).toMatchObject([{ reason: "disconnected", transport: "dtls" }]);
    expect([clients.clients, held(), harness.server.allocations]).toEqual([0, 0, 0]);
  });

  it("ends after 30 seconds without an allocation, half a handshake after ten", () => {
    const { harness, clients, connect, held } = createWorld();
    const owner = connect();
    owner.turn.allocate();
    connect();
    connect(1);
    expect(clients.clients).toBe(3);
    harness.now += 10_000;
    clients.tick(harness.now);
    expect(clients.counters).toMatchObject({ connected: 2, failed: 1 });
    expect(clients.clients).toBe(2);
    harness.now += 21_000;
    clients.tick(harness.now);
    expect(clients.clients).toBe(1);
    expect(clients.counters.idle).toBe(1);
    owner.turn.request(4, to => to.uint32(STUN_ATTRIBUTE.lifetime, 0));
    clients.tick(harness.now + 29_000);
    expect(clients.clients).toBe(1);
    clients.tick(harness.now + 31_000);
    expect([clients.clients, held()]).toEqual([0, 0]);
  });

  it("counts one /64 of IPv6 as one: what follows is its owner's to choose", () => {
    const { connect, clients } = createWorld({ maxPerAddress: 2 }, path => `2001:db8::${path + 1}`);
    for (let i = 0; i < 4; i++) connect();
    expect([clients.clients, clients.counters.refused > 0]).toEqual([2, true]);
  });

  it("is turned away where there are too many, in all or from its address", () => {
    for (const limits of [{ maxClients: 2 }, { maxPerAddress: 2 }]) {
      const { clients, connect } = createWorld(limits);
      expect([connect(), connect(), connect()].map(({ dtls }) => dtls.connected)).toEqual([true, true, false]);
      expect(clients.counters.refused).toBeGreaterThan(0);
    }
  });

  it("isn't ended by an old hello, nor by any bytes that aren't its own", () => {
    const { clients, connect } = createWorld();
    const { turn, sent, receive } = connect();
    turn.allocate();
    for (const datagram of sent) receive(datagram);
    for (let first = 20; first < 64; first++)
      receive(Uint8Array.of(first, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 1, 9));
    receive(new Uint8Array(0));
    expect(clients.clients).toBe(1);
    expect(turn.request(4)?.error).toBe(0);
  });

  it("is told when the server closes", () => {
    const { harness, clients, connect, held } = createWorld();
    const { turn, dtls } = connect();
    turn.allocate();
    clients.close(harness.now);
    clients.close(harness.now);
    expect(dtls.alerts).toEqual([[1, 0]]);
    expect([clients.clients, held(), harness.server.allocations]).toEqual([0, 0, 0]);
  });
});

describe("the certificate for DTLS clients", () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-dtls-"));
  function make(name: string, ...kind: string[]): [string, string] {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
    const request = ["req", "-x509", "-nodes", "-subj", `/CN=${name}`, "-keyout", key, "-out", cert, "-newkey"];
    execFileSync("openssl", [...request, ...kind], { stdio: "ignore" });
    return [readFileSync(cert, "utf8"), readFileSync(key, "utf8")];
  }

  it("is a chain with an ECDSA P-256 key, its own; anything else stops the start", () => {
    const [cert, key] = make("a", "ec", "-pkeyopt", "ec_paramgen_curve:P-256");
    const [other] = make("b", "ec", "-pkeyopt", "ec_paramgen_curve:P-256");
    const identity = readDtlsIdentity(`${cert}\n${other}`, key);
    expect(identity.chain?.length).toBe(1);
    expect(identity.privateKey.asymmetricKeyType).toBe("ec");
    expect(() => readDtlsIdentity(other, key)).toThrow("--pkey");
    expect(() => readDtlsIdentity("", key)).toThrow("--pkey");
    expect(() => readDtlsIdentity(...make("c", "rsa:2048"))).toThrow("P-256");
    rmSync(folder, { recursive: true });
  });
});

import { createSecretKey, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { SipHandler } from "../stack.ts";
import { createCallPair, sentBy } from "../testing/call-pair.ts";
import { fieldOf, rawRequest, rawSdp } from "../testing/raw.ts";
import { createSipNet } from "../testing/sip-net.ts";
import { createTestEnd } from "../testing/test-call.ts";
import { type DigestAlgorithm, digestResponse, parseDigest } from "./digest.ts";
import { createDigestServer, type DigestServerOptions } from "./server.ts";

const PASSWORDS = new Map([
  ["alice", "wonderland"],
  ["bjørn", "røyksopp"],
]);

function createServer(options: Partial<DigestServerOptions> = {}): Pick<SipHandler, "admit"> {
  const digest = createDigestServer({
    realm: "example.org",
    key: createSecretKey(randomBytes(32)),
    randomBytes,
    ...options,
  });
  return {
    admit(invite, { address }, now) {
      const verdict = digest.verify(invite, address, now, name => PASSWORDS.get(name));
      if (verdict.ok) return { kind: "accept" };
      const challenges = digest.challenge(address, now, verdict.isStale);
      return { kind: "refuse", status: 401, headers: { "www-authenticate": challenges } };
    },
  };
}

describe("the digest", () => {
  it.each([
    ["MD5", "8ca523f5e9506fed4657c9700eebdbec"],
    ["SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"],
  ] as const)("is that of RFC 7616 §3.9.1 (%s)", (algorithm: DigestAlgorithm, expected) => {
    const response = digestResponse({
      algorithm,
      username: "Mufasa",
      realm: "http-auth@example.org",
      password: "Circle of Life",
      method: "GET",
      uri: "/dir/index.html",
      nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
      auth: { nc: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" },
    });
    expect(response).toBe(expected);
  });

  it("is read with its quotes and without, and not where a parameter comes twice", () => {
    expect(parseDigest('Digest realm="a, \\"b\\"", qop=auth , nc = 1')).toEqual(
      new Map([
        ["realm", 'a, "b"'],
        ["qop", "auth"],
        ["nc", "1"],
      ]),
    );
    expect(parseDigest('Digest realm="a", realm="b"')).toBeUndefined();
    expect(parseDigest("Basic abc")).toBeUndefined();
  });
});

describe("a stack that asks for a password", () => {
  it.each([[["MD5"]], [["SHA-256", "MD5"]]] as const)("lets in who has it (%o)", algorithms => {
    const pair = createCallPair({ bobHandler: createServer({ algorithms }) });
    pair.dial({ credentials: { username: "bjørn", password: "røyksopp" } });
    pair.net.run(1_000);
    expect(pair.near.log).toEqual(["180"]);
    expect(sentBy(pair.bob, "SIP/2.0 401")).toHaveLength(1);
    expect(fieldOf(sentBy(pair.alice, "INVITE")[1] ?? "", "Authorization")).toContain(`algorithm=${algorithms[0]}`);
  });

  it("says the same to a wrong password and to a name that it doesn't know", () => {
    const answers = [
      { username: "alice", password: "guess" },
      { username: "mallory", password: "guess" },
    ].map(credentials => {
      const pair = createCallPair({ bobHandler: createServer() });
      pair.dial({ credentials });
      pair.net.run(1_000);
      expect(pair.near.log).toEqual(["ended remote 401"]);
      expect(pair.bob.stack.calls).toBe(0);
      return sentBy(pair.bob, "SIP/2.0 401")
        .at(-1)
        ?.replace(/(tag|nonce|branch)="?[^";,\r]+/g, "$1")
        .replace(/Call-ID: .*/, "");
    });
    expect(answers[0]).toBe(answers[1]);
  });

  function createScripted(options: Partial<DigestServerOptions> = {}) {
    const net = createSipNet();
    const end = createTestEnd();
    let calls = 0;
    net.addStack("192.0.2.2", {
      ...createServer(options),
      called() {
        calls++;
        return end.events;
      },
    });
    const peer = net.addPeer("192.0.2.9");
    let invites = 0;
    const uri = "sip:room@192.0.2.2";
    /** Sends an INVITE with credentials for a nonce and returns the answer's status and challenge. */
    const tryWith = (nonce: string, nc: string, more: { uri?: string; from?: typeof peer } = {}) => {
      const { from = peer } = more;
      const digestUri = more.uri ?? uri;
      const response = digestResponse({
        algorithm: "MD5",
        username: "alice",
        realm: "example.org",
        password: "wonderland",
        method: "INVITE",
        uri: digestUri,
        nonce,
        auth: { nc, cnonce: "c" },
      });
      const line = `Authorization: Digest username="alice", realm="example.org", nonce="${nonce}", uri="${digestUri}", response="${response}", qop=auth, nc=${nc}, cnonce="c", algorithm=MD5`;
      from.send("192.0.2.2", rawRequest("INVITE", { callId: `call${++invites}`, sdp: rawSdp(), lines: [line] }));
      const answer = from.next("SIP/2.0 ");
      const challenge = parseDigest(fieldOf(answer, "WWW-Authenticate"));
      return { status: Number(answer.split(" ")[1]), isStale: challenge?.get("stale") === "true" };
    };
    peer.send("192.0.2.2", rawRequest("INVITE", { callId: "first", sdp: rawSdp() }));
    const nonce = parseDigest(fieldOf(peer.next("SIP/2.0 401"), "WWW-Authenticate"))?.get("nonce") ?? "";
    return { net, peer, nonce, tryWith, calls: () => calls };
  }

  it("takes no credentials twice, in whatever order they come", () => {
    const { nonce, tryWith, calls } = createScripted();
    expect(tryWith(nonce, "00000001").status).toBe(100);
    expect(tryWith(nonce, "00000001")).toEqual({ status: 401, isStale: true });
    expect(tryWith(nonce, "00000003").status).toBe(100);
    expect(tryWith(nonce, "00000002").status).toBe(100);
    expect(tryWith(nonce, "00000002").status).toBe(401);
    expect(tryWith(nonce, "00000100").status).toBe(100);
    expect(tryWith(nonce, "00000004").status).toBe(401);
    expect(calls()).toBe(4);
  });

  it("takes none for another address, another URI or a nonce that isn't its own or is too old", () => {
    const { net, nonce, tryWith, calls } = createScripted({ lifetime: 30_000 });
    expect(tryWith(nonce, "00000001", { from: net.addPeer("192.0.2.66") }).status).toBe(401);
    expect(tryWith(nonce, "00000001", { uri: "sip:other@192.0.2.2" }).status).toBe(401);
    expect(tryWith(`${nonce.slice(0, -8)}AAAAAAAA`, "00000001").status).toBe(401);
    net.run(31_000);
    expect(tryWith(nonce, "00000001")).toEqual({ status: 401, isStale: true });
    expect(calls()).toBe(0);
  });

  it("forgets the oldest nonce for a new one, and then refuses it", () => {
    const { net, peer, nonce, tryWith } = createScripted({ maxNonces: 1 });
    expect(tryWith(nonce, "00000001").status).toBe(100);
    net.run(10);
    peer.send("192.0.2.2", rawRequest("INVITE", { callId: "second", sdp: rawSdp() }));
    const other = parseDigest(fieldOf(peer.next("SIP/2.0 401"), "WWW-Authenticate"))?.get("nonce") ?? "";
    expect(tryWith(other, "00000001").status).toBe(100);
    expect(tryWith(nonce, "00000001").status).toBe(401);
    expect(tryWith(nonce, "00000002").status).toBe(401);
  });
});

import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import { HOST_GRANTS } from "../../protocol/grants.ts";
import { HS256_SECRET, JWK_PRIVATE, PEM_PRIVATE } from "../testing/bindings.ts";
import { join, uniqueRoom, upgrade } from "../testing/client.ts";
import { pass } from "../testing/time.ts";
import { joinToken } from "../testing/tokens.ts";

afterEach(() => vi.useRealTimers());

const now = () => Math.floor(Date.now() / 1_000);
const claimsFor = (room: string) => ({ aud: "join", sub: "ada", room, grants: {}, iat: now(), exp: now() + 60 });

const ed25519 = async (room: string, jwk: JWK, kid: string) =>
  new SignJWT({ ...claimsFor(room), grants: HOST_GRANTS })
    .setProtectedHeader({ alg: "EdDSA", kid })
    .sign(await importJWK(jwk, "EdDSA"));

/** Join tokens that are none, each with the error it gets and what its detail must name. */
const BAD: readonly [
  what: string,
  token: (room: string) => Promise<string> | string,
  code: ErrorCode,
  detail: string,
][] = [
  ["no JWT", () => "nonsense", "token-invalid", "not a JWT"],
  ["empty", () => "", "token-invalid", "not a JWT"],
  ["three empty parts", () => "..", "token-invalid", "not a JWT"],
  ["without kid", room => joinToken({ room, identity: "ada", kid: undefined }), "token-invalid", "kid"],
  ["of an unknown key", room => joinToken({ room, identity: "ada", kid: "other" }), "token-invalid", "kid"],
  ["kid __proto__", room => joinToken({ room, identity: "ada", kid: "__proto__" }), "token-invalid", "kid"],
  ["forged", room => joinToken({ room, identity: "ada", secret: `${HS256_SECRET}!` }), "token-invalid", "signature"],
  [
    "tampered with",
    async room => (await joinToken({ room, identity: "ada" })).replace(/^(.*?)\.(.*?)\./, "$1.e30."),
    "token-invalid",
    "signature",
  ],
  [
    "unsigned (alg none)",
    room => new UnsecuredJWT(claimsFor(room)).encode().replace(/^[^.]*/, btoa('{"alg":"none","kid":"test"}')),
    "token-invalid",
    "HS256",
  ],
  [
    "HS256 with the public key of an Ed25519 key as secret",
    room => joinToken({ room, identity: "ada", kid: "jwk", secret: JWK_PRIVATE.x }),
    "token-invalid",
    "EdDSA",
  ],
  ["EdDSA under the name of an HS256 key", room => ed25519(room, JWK_PRIVATE, "test"), "token-invalid", "HS256"],
  ["EdDSA by another key than it names", room => ed25519(room, JWK_PRIVATE, "pem"), "token-invalid", "signature"],
  ["for another audience", room => joinToken({ room, identity: "ada", aud: "api" }), "token-invalid", "aud"],
  [
    "for several audiences",
    room => joinToken({ room, identity: "a", claims: { aud: ["join"] } }),
    "token-invalid",
    "aud",
  ],
  ["expired", room => joinToken({ room, identity: "ada", issued: -60, lasts: 59 }), "token-expired", ""],
  ["good for more than a day", room => joinToken({ room, identity: "ada", lasts: 86_401 }), "token-invalid", "exp"],
  ["without exp", room => joinToken({ room, identity: "ada", claims: { exp: undefined } }), "token-invalid", "exp"],
  ["without iat", room => joinToken({ room, identity: "ada", claims: { iat: undefined } }), "token-invalid", "iat"],
  ["from the future", room => joinToken({ room, identity: "ada", issued: 120 }), "token-invalid", "iat"],
  ["not yet valid", room => joinToken({ room, identity: "a", claims: { nbf: now() + 60 } }), "token-invalid", "nbf"],
  ["without identity", room => joinToken({ room, identity: "" }), "token-invalid", "sub"],
  ["with blanks in its identity", room => joinToken({ room, identity: "a b" }), "token-invalid", "sub"],
  [
    "with unknown kinds",
    room => joinToken({ room, identity: "a", claims: { grants: { publish: ["x"] } } }),
    "token-invalid",
    "grants",
  ],
  ["for another room", () => joinToken({ room: "elsewhere", identity: "ada" }), "token-wrong-room", "elsewhere"],
  ["for a room that can't be", () => joinToken({ room: "No Room", identity: "ada" }), "token-invalid", "room"],
];

describe("a join token", () => {
  it.each(BAD)("(%s) is refused with a frame and a close code", async (_what, token, code, detail) => {
    const room = uniqueRoom();
    const { response, client } = await upgrade(room, ["tandem.v1", `bearer.${await token(room)}`]);
    expect(response.headers.get("sec-websocket-protocol")).toBe("tandem.v1");
    const frame = await client?.next("error");
    expect(frame).toMatchObject({ code, retryable: false });
    expect(frame?.detail ?? "").toContain(detail);
    expect(await client?.closed).toEqual({ code: ERRORS[code].close, reason: code });
    expect(client?.frames).toHaveLength(1);
  });

  it.each([
    ["a JWK", "jwk", JWK_PRIVATE],
    ["a PEM", "pem", PEM_PRIVATE],
  ])("signed with Ed25519 is checked against %s", async (_what, kid, jwk) => {
    const room = uniqueRoom();
    const { client } = await upgrade(room, ["tandem.v1", `bearer.${await ed25519(room, jwk, kid)}`]);
    client?.send({ type: "hello", features: [] });
    expect((await client?.next("welcome"))?.you.identity).toBe("ada");
    const stranger = await exportJWK((await generateKeyPair("EdDSA", { extractable: true })).privateKey);
    const forged = await upgrade(room, ["tandem.v1", `bearer.${await ed25519(room, stranger, kid)}`]);
    expect(await forged.client?.next("error")).toMatchObject({ code: "token-invalid" });
  });

  it("may come as a bearer header, from clients that can set one", async () => {
    const room = uniqueRoom();
    const authorization = `Bearer ${await joinToken({ room, identity: "ada" })}`;
    const { client } = await upgrade(room, ["tandem.v1"], { authorization });
    client?.send({ type: "hello", features: [] });
    await client?.next("welcome");
  });

  it("counts on joining only: who is in stays when it expires", async () => {
    const ada = await join(uniqueRoom(), "ada", { lasts: 1 });
    pass(2_000);
    expect(await ada.ask("chat.send", { text: "still here" })).toMatchObject({ type: "ok" });
  });

  it("from a clock a little ahead is taken", async () => {
    expect((await join(uniqueRoom(), "ada", { issued: 30 })).welcome.resumed).toBe(false);
  });

  it("carries names and metadata of any script", async () => {
    const claims = { name: "Żółw 🐢", metadata: '{"ü":"ñ"}', attributes: { ключ: "值" } };
    expect((await join(uniqueRoom(), "ada", { claims })).welcome.you).toMatchObject(claims);
    const large = { metadata: "🐢".repeat(1_024) };
    expect((await join(uniqueRoom(), "ada", { claims: large })).welcome.you).toMatchObject(large);
  });
});

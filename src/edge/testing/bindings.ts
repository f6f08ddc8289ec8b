/** Keys, secrets and variables of the tests, and of nothing else. Also read by vitest.config.ts, hence without imports. */

export const HS256_SECRET = "a secret of these tests and of nothing else";

/** An Ed25519 key that the deployment knows as a JWK. */
export const JWK_PRIVATE = {
  kty: "OKP",
  crv: "Ed25519",
  x: "5Lp4wRHnJtCk78JKoQ2o9DuwYPTceeJoamE6NW0F-sI",
  d: "kDCfjhTOiWrhXE_KIJaypq--Adi8Ms3emQ7KsU-aFy0",
};
const { d: _, ...JWK_PUBLIC } = JWK_PRIVATE;

/** Another that it knows as PEM. */
export const PEM_PRIVATE = {
  kty: "OKP",
  crv: "Ed25519",
  x: "YdftXOmt2qTQdsrYnOtAQRJ-11vKgXcNuN8HRgAjxI4",
  d: "NC1CQH53u4uY6A0LxcLbNm0-Ai0cruoMaKJhSFPBrJI",
};
const PEM_PUBLIC =
  "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAYdftXOmt2qTQdsrYnOtAQRJ+11vKgXcNuN8HRgAjxI4=\n-----END PUBLIC KEY-----\n";

export const OPERATOR_PASSWORD = "a password of these tests";

/** The key of the media nodes that tests play. */
export const NODE_SECRET = "a key of media nodes in these tests only";

/** The current one of two. */
export const TURN_SECRET = "a secret for relays in these tests only";

/** Who is told of rooms, and of telephones. */
export const WEBHOOK_URLS = ["https://rooms.test/hook", "https://calls.test/hook"] as const;

export const TEST_BINDINGS = {
  WEBHOOKS: JSON.stringify([
    { url: WEBHOOK_URLS[0], events: ["room.*", "participant.*"] },
    { url: WEBHOOK_URLS[1], events: ["call.*", "trunk.changed"] },
  ]),
  API_KEYS: JSON.stringify({ jwk: JWK_PUBLIC, test: HS256_SECRET, pem: PEM_PUBLIC }),
  NODE_KEYS: JSON.stringify({ node: NODE_SECRET }),
  RESUME_SECRET: "another secret of these tests, just as long",
  OPERATOR_PASSWORD,
  TELEPHONY_SECRET: "a secret for telephones in these tests only",
  TURN_SECRET: `${TURN_SECRET},the secret before it is still good`,
  ICE_SERVERS: JSON.stringify([{ urls: ["stun:stun.example:3478"] }]),
  LOCAL: "true",
  LOG_LEVEL: "silent",
};

import { createCertificate } from "../../../dtls/certificate.ts";
import { createHandshakeBudget } from "../../../dtls/handshake-budget.ts";

const certificate = createCertificate({ unixTime: Date.now() });
const ice = { ufrag: "AAtestUF", password: "testPasswordOf24Characte" };

/** Our end of DTLS and ICE in tests, and what is told of it. */
export const TEST_KEYS = { certificate, handshakes: createHandshakeBudget(), ice };
export const TEST_DTLS = { fingerprint: certificate.fingerprint, ice };

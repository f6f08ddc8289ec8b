import { type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";
import { type DtlsIdentity, type Fingerprint, matchesFingerprint, publicKeyOf } from "./certificate.ts";
import { parseClientHello, type Selection, select } from "./client-hello.ts";
import { parseCertificate, parseCertificateVerify, parseClientKeyExchange } from "./client-messages.ts";
import { Alert, HandshakeType } from "./constants.ts";
import { encodeMessage, type HandshakeMessage } from "./handshake-message.ts";
import { createKeyShare, type KeyShare } from "./key-exchange.ts";
import { deriveKeys, type KeySchedule } from "./key-schedule.ts";
import type { ExpectedMessage } from "./reassembly.ts";
import { certificate, certificateRequest, serverHello, serverKeyExchange } from "./server-messages.ts";
import { isAcceptableKey, verifySignature } from "./signature.ts";
import type { SrtpKeys, SrtpProfile } from "./srtp-profile.ts";

/** Why a handshake failed. */
export type DtlsFailure =
  | "timeout"
  | "no-common-parameters"
  | "no-certificate"
  | "fingerprint-mismatch"
  | "bad-certificate"
  | "bad-key-exchange"
  | "bad-signature"
  | "bad-finished"
  | "malformed"
  | "peer-alert";

/** What the endpoint must do after a message. */
export type HandshakeStep =
  | { readonly do: "wait" }
  /** The message is no use; forget it, the peer may send a better one. */
  | { readonly do: "forget" }
  | { readonly do: "send"; readonly flight: readonly HandshakeMessage[] }
  | { readonly do: "protect"; readonly keys: KeySchedule }
  | { readonly do: "finish"; readonly finished: HandshakeMessage; readonly srtp: SrtpKeys | undefined }
  | { readonly do: "fail"; readonly failure: DtlsFailure; readonly alert: number };

/** The client's messages, with a certificate where one is asked for. The last is the only one in epoch 1. */
export function clientCourse(withCertificate: boolean): readonly ExpectedMessage[] {
  const course = [
    { type: HandshakeType.clientHello, limit: 16_384 },
    { type: HandshakeType.certificate, limit: 16_384 },
    { type: HandshakeType.clientKeyExchange, limit: 256 },
    { type: HandshakeType.certificateVerify, limit: 1_024 },
    { type: HandshakeType.finished, limit: 12 },
  ];
  return withCertificate ? course : course.filter((_, i) => i % 2 === 0);
}

const WAIT: HandshakeStep = { do: "wait" };
const FORGET: HandshakeStep = { do: "forget" };
const fail = (failure: DtlsFailure, alert: number): HandshakeStep => ({ do: "fail", failure, alert });

export interface ServerHandshakeOptions {
  readonly certificate: DtlsIdentity;
  /** Of the certificate that the client must show; undefined: none is asked for. */
  readonly remoteFingerprint: Fingerprint | undefined;
  /** Sequence number of the ClientHello, and of our own first message. */
  readonly firstSequence: number;
  readonly srtpProfiles: readonly SrtpProfile[];
  /** Asked before the first costly step; false drops the ClientHello. */
  admit(): boolean;
}

/** Takes the next message and says what follows from it. */
export type ServerHandshake = (message: HandshakeMessage) => HandshakeStep;

/**
 * The server's side of one full handshake (RFC 5246 §7.3) over whole messages that come in the order of
 * `clientCourse`. Nothing is computed for a ClientHello before it is complete, plausible and admitted.
 */
export function createServerHandshake(options: ServerHandshakeOptions): ServerHandshake {
  const { firstSequence, remoteFingerprint } = options;
  const transcript: Uint8Array[] = [];
  const messagesSoFar = (): Uint8Array => Buffer.concat(transcript);
  const serverRandom = randomBytes(32);
  let clientRandom: Uint8Array = new Uint8Array(0);
  let selection: Selection | undefined;
  let share: KeyShare | undefined;
  let peerKey: KeyObject | undefined;
  let keys: KeySchedule | undefined;
  /** Follows those of the flight before. */
  let finishedSequence = 0;

  function onClientHello(message: HandshakeMessage): HandshakeStep {
    const hello = parseClientHello(message.body);
    if (hello === undefined) return FORGET;
    const selected = select(hello, options.srtpProfiles);
    if (typeof selected === "number") return fail("no-common-parameters", selected);
    if (!options.admit()) return FORGET;
    selection = selected;
    share = createKeyShare(selected.group);
    clientRandom = hello.random;
    const bodies: [number, Uint8Array][] = [
      [HandshakeType.serverHello, serverHello(serverRandom, hello, selected)],
      [HandshakeType.certificate, certificate(options.certificate.der, options.certificate.chain)],
      [
        HandshakeType.serverKeyExchange,
        serverKeyExchange(share, clientRandom, serverRandom, options.certificate.privateKey),
      ],
      ...(remoteFingerprint ? [[HandshakeType.certificateRequest, certificateRequest()] as [number, Uint8Array]] : []),
      [HandshakeType.serverHelloDone, new Uint8Array(0)],
    ];
    const flight = bodies.map(([type, body], i) => ({ type, sequence: firstSequence + i, body }));
    finishedSequence = firstSequence + flight.length;
    transcript.push(encodeMessage(message), ...flight.map(encodeMessage));
    return { do: "send", flight };
  }

  function onCertificate(message: HandshakeMessage): HandshakeStep {
    const leaf = parseCertificate(message.body);
    if (leaf === undefined) return fail("malformed", Alert.decodeError);
    if (leaf.length === 0) return fail("no-certificate", Alert.handshakeFailure);
    // The fingerprint comes first: only a certificate that the SDP vouches for reaches the X.509 parser.
    if (!matchesFingerprint(leaf, remoteFingerprint!)) {
      return fail("fingerprint-mismatch", Alert.badCertificate);
    }
    peerKey = publicKeyOf(leaf);
    if (peerKey === undefined) return fail("bad-certificate", Alert.badCertificate);
    if (!isAcceptableKey(peerKey)) return fail("bad-certificate", Alert.unsupportedCertificate);
    transcript.push(encodeMessage(message));
    return WAIT;
  }

  function onClientKeyExchange(message: HandshakeMessage): HandshakeStep {
    const peerShare = parseClientKeyExchange(message.body);
    const premaster = peerShare && share!.agree(peerShare);
    share = undefined;
    if (premaster === undefined) return fail("bad-key-exchange", Alert.illegalParameter);
    transcript.push(encodeMessage(message));
    keys = deriveKeys(premaster, messagesSoFar(), clientRandom, serverRandom);
    return { do: "protect", keys };
  }

  function onCertificateVerify(message: HandshakeMessage): HandshakeStep {
    const verify = parseCertificateVerify(message.body);
    if (verify === undefined) return fail("malformed", Alert.decodeError);
    if (!verifySignature(verify.scheme, peerKey!, messagesSoFar(), verify.signature)) {
      return fail("bad-signature", Alert.decryptError);
    }
    transcript.push(encodeMessage(message));
    return WAIT;
  }

  function onFinished(message: HandshakeMessage): HandshakeStep {
    const expected = keys!.verifyData("client", messagesSoFar());
    if (message.body.length !== expected.length || !timingSafeEqual(message.body, expected)) {
      return fail("bad-finished", Alert.decryptError);
    }
    transcript.push(encodeMessage(message));
    const body = keys!.verifyData("server", messagesSoFar());
    const finished = { type: HandshakeType.finished, sequence: finishedSequence, body };
    const srtp = selection?.srtpProfile && keys!.exportSrtpKeys(selection.srtpProfile);
    return { do: "finish", finished, srtp };
  }

  const steps = remoteFingerprint
    ? [onClientHello, onCertificate, onClientKeyExchange, onCertificateVerify, onFinished]
    : [onClientHello, onClientKeyExchange, onFinished];
  return message => steps[message.sequence - firstSequence]!(message);
}

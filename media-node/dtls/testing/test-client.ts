import { type KeyObject, randomBytes, sign } from "node:crypto";
import { concat, createReader, u8, u16, vector } from "../bytes.ts";
import type { DtlsCertificate } from "../certificate.ts";
import { CIPHER_SUITE, ContentType, DTLS_1_2, Extension, HandshakeType, RECORD_HEADER } from "../constants.ts";
import { createDtlsCounters } from "../counters.ts";
import { packFinished, packFlight } from "../flight.ts";
import { encodeMessage, type HandshakeMessage, readFragments } from "../handshake-message.ts";
import { createKeyShare, GROUPS, type Group } from "../key-exchange.ts";
import { deriveKeys, type KeySchedule } from "../key-schedule.ts";
import { createReassembler } from "../reassembly.ts";
import { type RecordView, readRecord } from "../record-reader.ts";
import { createRecordWriter } from "../record-writer.ts";
import { createSealedReader } from "../sealed-reader.ts";
import { certificate } from "../server-messages.ts";
import { SRTP_PROFILES, type SrtpKeys, type SrtpProfile } from "../srtp-profile.ts";

/** Ways in which the client cheats. */
export type Cheat = "no certificate" | "wrong signing key" | "wrong Finished" | "wrong key share" | "no EMS";

export interface TestClientOptions {
  readonly certificate: DtlsCertificate;
  readonly group?: Group;
  readonly srtpProfiles?: readonly SrtpProfile[];
  /** Bytes of an unknown extension, to make the hello as long as one with post-quantum key shares. */
  readonly helloPadding?: number;
  readonly mtu?: number;
  readonly cheat?: Cheat;
  /** The server asks for no certificate. */
  readonly anonymous?: boolean;
  /** Signs in place of the certificate's key. */
  readonly otherKey?: KeyObject;
  send(datagram: Uint8Array): void;
  onData?(data: Uint8Array): void;
}

export interface TestClient {
  readonly connected: boolean;
  readonly srtp: SrtpKeys | undefined;
  /** Alerts received as `[epoch, description]`. */
  readonly alerts: readonly (readonly [number, number])[];
  start(now: number): void;
  handle(datagram: Uint8Array, now: number): void;
  nextTimeout(): number;
  tick(now: number): void;
  /** Seals a record of epoch 1 without sending it. */
  seal(type: number, payload: Uint8Array): Uint8Array;
}

const COURSE = [
  HandshakeType.serverHello,
  HandshakeType.certificate,
  HandshakeType.serverKeyExchange,
  HandshakeType.certificateRequest,
  HandshakeType.serverHelloDone,
  HandshakeType.finished,
].map(type => ({ type, limit: 4_096 }));
const ANONYMOUS_COURSE = COURSE.filter(({ type }) => type !== HandshakeType.certificateRequest);

/** A DTLS 1.2 client without sockets or clocks, for tests in virtual time. It trusts any server. */
export function createTestClient(options: TestClientOptions): TestClient {
  const { group = "x25519", srtpProfiles = ["AEAD_AES_128_GCM"], mtu = 1_200, cheat } = options;
  const writer = createRecordWriter();
  const sealed = createSealedReader(createDtlsCounters());
  const course = options.anonymous ? ANONYMOUS_COURSE : COURSE;
  let reassembler = createReassembler(course);
  /** What a HelloVerifyRequest asked to be brought back, and the number of the hello that does. */
  let cookie: Uint8Array = new Uint8Array(0);
  let first = 0;
  const random = randomBytes(32);
  const transcript: Uint8Array[] = [];
  const alerts: (readonly [number, number])[] = [];
  let flight: HandshakeMessage[] = [];
  let finished: HandshakeMessage | undefined;
  let keys: KeySchedule | undefined;
  let serverRandom: Uint8Array = new Uint8Array(0);
  let serverShare: Uint8Array = new Uint8Array(0);
  let profile: SrtpProfile | undefined;
  let connected = false;
  let srtp: SrtpKeys | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let wait = 50;

  const extension = (type: number, ...data: Uint8Array[]) => concat(u16(type), vector(2, ...data));

  function clientHello(): Uint8Array {
    const extensions = [
      extension(Extension.supportedGroups, vector(2, u16(GROUPS[group]))),
      extension(Extension.signatureAlgorithms, vector(2, u16(0x0403))),
      extension(Extension.useSrtp, vector(2, ...srtpProfiles.map(name => u16(SRTP_PROFILES[name]))), vector(1)),
      extension(0xfff0, new Uint8Array(options.helloPadding ?? 0)),
    ];
    if (cheat !== "no EMS") extensions.push(extension(Extension.extendedMasterSecret));
    const suites = vector(2, u16(CIPHER_SUITE));
    return concat(
      u16(DTLS_1_2),
      random,
      vector(1),
      vector(1, cookie),
      suites,
      vector(1, u8(0)),
      vector(2, ...extensions),
    );
  }

  function transmit(now: number): void {
    const datagrams = packFlight(flight, mtu, writer);
    if (finished !== undefined) datagrams.push(packFinished(finished, writer));
    for (const datagram of datagrams) options.send(datagram);
    dueAt = now + wait;
  }

  function answer(now: number): void {
    const share = createKeyShare(group);
    const der = cheat === "no certificate" ? vector(3) : certificate(options.certificate.der);
    const numbered = (type: number, body: Uint8Array): HandshakeMessage => {
      const message = { type, sequence: first + 1 + flight.length, body };
      transcript.push(encodeMessage(message));
      return message;
    };
    const publicKey = cheat === "wrong key share" ? new Uint8Array(32) : share.publicKey;
    flight = [];
    if (!options.anonymous) flight.push(numbered(HandshakeType.certificate, der));
    flight.push(numbered(HandshakeType.clientKeyExchange, vector(1, publicKey)));
    keys = deriveKeys(share.agree(serverShare)!, Buffer.concat(transcript), random, serverRandom);
    writer.protect(keys.client);
    sealed.protect(keys.server);
    if (!options.anonymous) {
      const signature = sign("sha256", Buffer.concat(transcript), options.otherKey ?? options.certificate.privateKey);
      flight.push(numbered(HandshakeType.certificateVerify, concat(u16(0x0403), vector(2, signature))));
    }
    const body = keys.verifyData("client", Buffer.concat(transcript));
    if (cheat === "wrong Finished") body[0]! ^= 1;
    finished = numbered(HandshakeType.finished, body);
    transmit(now);
  }

  function onMessage(message: HandshakeMessage, now: number): void {
    const reader = createReader(message.body);
    if (message.type === HandshakeType.serverHello) {
      reader.u16();
      serverRandom = reader.take(32);
      reader.vector8();
      reader.take(3);
      const extensions = reader.vector16();
      for (let rest = createReader(extensions); rest.remaining > 0; ) {
        const type = rest.u16();
        const data = rest.vector16();
        if (type !== Extension.useSrtp) continue;
        profile = srtpProfiles.find(name => SRTP_PROFILES[name] === data[2]! * 256 + data[3]!);
      }
    } else if (message.type === HandshakeType.serverKeyExchange) {
      reader.take(3);
      serverShare = reader.vector8();
    } else if (message.type === HandshakeType.finished) {
      const expected = keys!.verifyData("server", Buffer.concat(transcript));
      connected = Buffer.compare(expected, message.body) === 0;
      dueAt = Number.POSITIVE_INFINITY;
      srtp = profile && keys!.exportSrtpKeys(profile);
    }
    transcript.push(encodeMessage(message));
    if (message.type === HandshakeType.serverHelloDone) answer(now);
  }

  function hello(now: number): void {
    flight = [{ type: HandshakeType.clientHello, sequence: first, body: clientHello() }];
    transcript.splice(0, transcript.length, encodeMessage(flight[0]!));
    transmit(now);
  }

  function onRecord(record: RecordView, now: number): void {
    const payload = record.epoch === 1 ? sealed.open(record) : record.bytes.subarray(RECORD_HEADER);
    if (payload === undefined) return;
    if (record.type === ContentType.alert) alerts.push([record.epoch, payload[1]!]);
    else if (record.type === ContentType.applicationData) options.onData?.(payload);
    else if (record.type === ContentType.handshake) {
      const fragments = readFragments(payload)!;
      const [verify] = fragments;
      if (verify?.type === HandshakeType.helloVerifyRequest) {
        if (verify.sequence !== first) return;
        cookie = verify.data.slice(3);
        reassembler = createReassembler(course, ++first);
        hello(now);
        return;
      }
      const fates = fragments.map(fragment => reassembler.add(fragment));
      if (finished !== undefined && !connected && fates.includes("old")) transmit(now);
      for (let message = reassembler.next(); message !== undefined; message = reassembler.next()) {
        onMessage(message, now);
      }
    }
  }

  return {
    get connected() {
      return connected;
    },
    get srtp() {
      return srtp;
    },
    alerts,
    start: hello,
    handle(datagram, now) {
      for (let offset = 0; offset < datagram.length; ) {
        const record = readRecord(datagram, offset)!;
        offset += record.bytes.length;
        onRecord(record, now);
        const early = sealed.takeEarly();
        if (early !== undefined) onRecord(early, now);
      }
    },
    nextTimeout: () => dueAt,
    tick(now) {
      if (now < dueAt) return;
      wait = Math.min(1_000, wait * 2);
      transmit(now);
    },
    seal: (type, payload) => writer.sealed(type, payload),
  };
}

import type { DtlsIdentity, Fingerprint } from "./certificate.ts";
import { Alert, AlertLevel, ContentType, GCM_OVERHEAD, HandshakeType, RECORD_HEADER } from "./constants.ts";
import { createDtlsCounters, type DtlsCounters } from "./counters.ts";
import { packFinished, packFlight } from "./flight.ts";
import type { HandshakeBudget } from "./handshake-budget.ts";
import { type HandshakeFragment, type HandshakeMessage, readFragments } from "./handshake-message.ts";
import type { HelloNumbers } from "./hello-gate.ts";
import { createReassembler } from "./reassembly.ts";
import type { RecordView } from "./record-reader.ts";
import { readRecord } from "./record-reader.ts";
import { createRecordWriter } from "./record-writer.ts";
import { createRetransmission } from "./retransmission.ts";
import { createSealedReader } from "./sealed-reader.ts";
import { clientCourse, createServerHandshake, type DtlsFailure, type ServerHandshake } from "./server-handshake.ts";
import type { SrtpKeys, SrtpProfile } from "./srtp-profile.ts";

/** A handshake that takes longer has failed, in ms from the first datagram. */
const HANDSHAKE_TIME = 10_000;
const DEFAULT_MTU = 1_200;

/** Exactly one of `onFailed` and `onClosed` comes, unless we close first; nothing comes after it. */
export interface DtlsListener {
  /**
   * The peer proved that it holds the certificate of the SDP. Called while its last datagram is handled, so the path
   * that datagram came by is the one on which DTLS finished.
   * @param srtp undefined without a common SRTP profile. Its buffers are zeroed when the call returns.
   */
  onConnected(srtp: SrtpKeys | undefined): void;
  /** One record of application data; the buffer is the listener's to keep. */
  onData(data: Uint8Array): void;
  /** @param alert the peer's alert (RFC 5246 §7.2) if it sent one. */
  onFailed(failure: DtlsFailure, alert: number | undefined): void;
  /** The peer closed after connecting. @param alert 0 for close_notify, else the fatal one. */
  onClosed(alert: number): void;
}

export interface DtlsServerOptions {
  readonly certificate: DtlsIdentity;
  /** Of the certificate that the client must show; undefined: anybody may connect, and none is asked for. */
  readonly remoteFingerprint: Fingerprint | undefined;
  /** Where numbers begin when a ClientHello was sent back for a cookie (`HelloGate`); default: at 0. */
  readonly numbers?: HelloNumbers;
  /** In order of preference; empty for data only. */
  readonly srtpProfiles: readonly SrtpProfile[];
  readonly budget: HandshakeBudget;
  /** Largest datagram sent, in bytes. */
  readonly mtu?: number;
  /** Most bytes in a record of data; default: what fits a datagram. */
  readonly maxPayload?: number;
  /** Takes a datagram, which is its own from then on. Must not call back into the endpoint. */
  send(datagram: Uint8Array): void;
  readonly listener: DtlsListener;
}

/** The passive DTLS 1.2 endpoint of one session. All times are in ms of one monotonic clock. */
export interface DtlsServer {
  readonly state: "handshake" | "connected" | "closed";
  readonly counters: Readonly<DtlsCounters>;
  /** Most bytes that `send` takes. */
  readonly maxPayload: number;
  /** Handles a datagram, which the caller took from the ICE-validated pair only. The bytes are not kept. */
  handle(datagram: Uint8Array, now: number): void;
  /** Sends one record of application data. False when not connected or when the data is too long. */
  send(data: Uint8Array): boolean;
  /** When `tick` wants to be called, Infinity for never. */
  nextTimeout(): number;
  tick(now: number): void;
  /** Says close_notify if connected. Idempotent. */
  close(): void;
}

export function createDtlsServer(options: DtlsServerOptions): DtlsServer {
  const { listener, mtu = DEFAULT_MTU } = options;
  const { maxPayload = mtu - RECORD_HEADER - GCM_OVERHEAD } = options;
  const { message: firstSequence, record: firstRecord } = options.numbers ?? { message: 0, record: 0 };
  const course = clientCourse(options.remoteFingerprint !== undefined);
  const finishedSequence = firstSequence + course.length - 1;
  const counters = createDtlsCounters();
  const writer = createRecordWriter(firstRecord);
  const sealed = createSealedReader(counters);
  const reassembler = createReassembler(course, firstSequence);
  const retransmission = createRetransmission();
  let state: DtlsServer["state"] = "handshake";
  let clock = 0;
  let deadline = Number.POSITIVE_INFINITY;
  let flight: readonly HandshakeMessage[] = [];
  let finished: HandshakeMessage | undefined;
  let peerAlert: number | undefined;

  /** Until it is over: it holds the transcript and the master secret. */
  let handshake: ServerHandshake | undefined = createServerHandshake({
    ...options,
    firstSequence,
    admit() {
      const admitted = options.budget.take(clock);
      if (!admitted) counters.throttled++;
      return admitted;
    },
  });

  const isClosed = (): boolean => state === "closed";

  function transmit(): void {
    if (finished !== undefined) options.send(packFinished(finished, writer));
    else for (const datagram of packFlight(flight, mtu, writer)) options.send(datagram);
    // Nobody answers the last flight: a client that missed it repeats its own.
    retransmission.sent(clock, finished === undefined);
  }

  function retransmit(): void {
    counters.retransmitted++;
    transmit();
  }

  /** The peer repeats what we answered: our answer was lost. */
  function answerAgain(): void {
    if (retransmission.mayAnswer(clock)) retransmit();
  }

  function end(): void {
    state = "closed";
    retransmission.stop();
    deadline = Number.POSITIVE_INFINITY;
    reassembler.clear();
    sealed.clear();
    handshake = undefined;
    flight = [];
  }

  function fail(failure: DtlsFailure, alert: number | undefined): void {
    end();
    listener.onFailed(failure, alert);
  }

  /** Takes the messages that have become whole through the handshake. */
  function advance(): void {
    while (state === "handshake") {
      const message = reassembler.next();
      if (message === undefined || handshake === undefined) return;
      const step = handshake(message);
      switch (step.do) {
        case "wait":
          break;
        case "forget":
          reassembler.rewind();
          return;
        case "send":
          flight = step.flight;
          transmit();
          break;
        case "protect":
          writer.protect(step.keys.server);
          sealed.protect(step.keys.client);
          break;
        case "finish":
          finish(step.finished, step.srtp);
          break;
        case "fail":
          options.send(writer.plain(ContentType.alert, Uint8Array.of(AlertLevel.fatal, step.alert)));
          fail(step.failure, undefined);
      }
    }
  }

  function finish(message: HandshakeMessage, srtp: SrtpKeys | undefined): void {
    finished = message;
    handshake = undefined;
    flight = [];
    state = "connected";
    deadline = Number.POSITIVE_INFINITY;
    transmit();
    listener.onConnected(srtp);
    if (srtp === undefined) return;
    for (const secret of [srtp.localKey, srtp.localSalt, srtp.remoteKey, srtp.remoteSalt]) secret.fill(0);
  }

  function onFragment(fragment: HandshakeFragment, epoch: number): void {
    if (state === "connected") {
      if (fragment.type === HandshakeType.finished) answerAgain();
      else refuseRenegotiation();
    } else if ((fragment.sequence === finishedSequence) !== (epoch === 1)) counters.unexpected++;
    else {
      const fate = reassembler.add(fragment);
      if (fate === "refused") counters.unexpected++;
      else if (fate === "old" && fragment.type === HandshakeType.clientHello) answerAgain();
    }
  }

  function refuseRenegotiation(): void {
    counters.unexpected++;
    if (!retransmission.mayAnswer(clock)) return;
    retransmission.sent(clock, false);
    options.send(writer.sealed(ContentType.alert, Uint8Array.of(AlertLevel.warning, Alert.noRenegotiation)));
  }

  function onAlert(payload: Uint8Array, epoch: number): void {
    if (payload.length !== 2) counters.malformed++;
    else if (epoch === 0) {
      // Anybody could have written it. It only explains a handshake that then doesn't finish.
      counters.unexpected++;
      peerAlert = payload[1];
    } else if (payload[1] === Alert.closeNotify || payload[0] === AlertLevel.fatal) {
      const alert = payload[1]!;
      if (state === "handshake") fail("peer-alert", alert);
      else {
        if (alert === Alert.closeNotify) sayClose();
        end();
        listener.onClosed(alert);
      }
    }
  }

  function sayClose(): void {
    options.send(writer.sealed(ContentType.alert, Uint8Array.of(AlertLevel.warning, Alert.closeNotify)));
  }

  function onPayload(type: number, payload: Uint8Array, epoch: number): void {
    if (type === ContentType.handshake) {
      const fragments = readFragments(payload);
      if (fragments === undefined) counters.malformed++;
      else for (const fragment of fragments) if (!isClosed()) onFragment(fragment, epoch);
      advance();
    } else if (type === ContentType.alert) onAlert(payload, epoch);
    else if (type === ContentType.applicationData && epoch === 1 && state === "connected") {
      if (payload.length > 0) listener.onData(payload);
    } // The epoch of a record says all that ChangeCipherSpec does.
    else if (type !== ContentType.changeCipherSpec) counters.unexpected++;
  }

  function onRecord(record: RecordView): void {
    if (record.epoch === 1) {
      const payload = sealed.open(record);
      if (payload !== undefined) onPayload(record.type, payload, 1);
    } else if (record.epoch > 1) counters.unexpected++;
    else if (state === "connected") counters.plaintext++;
    else onPayload(record.type, record.bytes.subarray(RECORD_HEADER), 0);
  }

  return {
    get state() {
      return state;
    },
    counters,
    maxPayload,
    handle(datagram, now) {
      if (isClosed()) return;
      clock = now;
      if (state === "handshake") deadline = Math.min(deadline, now + HANDSHAKE_TIME);
      for (let offset = 0; offset < datagram.length && !isClosed(); ) {
        const record = readRecord(datagram, offset);
        if (record === undefined) {
          counters.malformed++;
          return;
        }
        offset += record.bytes.length;
        onRecord(record);
        const early = sealed.takeEarly();
        if (early !== undefined) onRecord(early);
      }
    },
    send(data) {
      if (state !== "connected" || data.length > maxPayload) return false;
      options.send(writer.sealed(ContentType.applicationData, data));
      return true;
    },
    nextTimeout: () => Math.min(deadline, retransmission.dueAt),
    tick(now) {
      clock = now;
      if (now >= deadline) fail(peerAlert === undefined ? "timeout" : "peer-alert", peerAlert);
      else if (now >= retransmission.dueAt) {
        retransmission.expired();
        retransmit();
      }
    },
    close() {
      if (isClosed()) return;
      if (state === "connected") sayClose();
      end();
    },
  };
}

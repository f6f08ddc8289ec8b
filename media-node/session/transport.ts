import type { DtlsCertificate, Fingerprint, FingerprintAlgorithm } from "../dtls/certificate.ts";
import type { HandshakeBudget } from "../dtls/handshake-budget.ts";
import { createDtlsServer } from "../dtls/server.ts";
import { DEFAULT_SRTP_PROFILES, type SrtpKeys } from "../dtls/srtp-profile.ts";
import { createIceAgent } from "../ice/agent.ts";
import type { IceCredentials } from "../ice/credentials.ts";
import { ICE_RESULT, type IceResult } from "../ice/types.ts";
import type { Fingerprint as OfferedFingerprint } from "../sdp/transport.ts";
import { createInboundSrtp, type InboundSrtp } from "../srtp/inbound.ts";
import { createOutboundSrtp, type OutboundSrtp } from "../srtp/outbound.ts";
import { type SrtpProfile, srtpProfiles } from "../srtp/profiles.ts";
import type { SessionCounters } from "./counters.ts";
import type { Tally } from "./tally.ts";

/** Called synchronously; may close the transport, but must not hand it packets. */
export interface TransportListener {
  /** DTLS is done, both ways of SRTP work, and media has a path. */
  onConnected(outbound: OutboundSrtp): void;
  /** Where media goes from now on, -1 for nowhere. */
  onPath(path: number): void;
  /** A record of data, from the peer for sure. It is the listener's to keep. */
  onData(data: Uint8Array): void;
  onSilent(): void;
  onAlive(): void;
  /** The peer is gone, or never came: nothing follows. */
  onEnded(): void;
}
type TransportEnd = "timeout" | "dtls-failed" | "peer-closed";

/** What a transport uses of its worker. */
export interface TransportHost {
  readonly workerId: number;
  readonly certificate: DtlsCertificate;
  readonly handshakes: HandshakeBudget;
  readonly counters: SessionCounters;
  /** Sends one datagram; the bytes are valid during the call only. */
  send(path: number, bytes: Uint8Array, offset: number, length: number): void;
}

export interface TransportOptions {
  readonly host: TransportHost;
  readonly remote: IceCredentials;
  /** Of the peer's certificate, which must match the first. */
  readonly fingerprints: readonly OfferedFingerprint[];
  readonly now: number;
  readonly listener: TransportListener;
  /** Packets of this path are this session's from now on, or no longer. */
  readonly claim: (path: number) => void;
  readonly release: (path: number) => void;
  readonly retire: (ufrag: string) => void;
}

/** ICE-lite, DTLS and SRTP of one session: bytes and times in, decrypted packets and bytes out. */
export interface Transport {
  readonly local: IceCredentials;
  readonly connected: boolean;
  handleStun(
    bytes: Uint8Array,
    offset: number,
    length: number,
    path: number,
    address: string,
    port: number,
    now: number,
  ): void;
  handleDtls(bytes: Uint8Array, offset: number, length: number, path: number, now: number): void;
  /** Decrypts in place. @returns the length of the plain packet, or one below 1 for one to drop, already counted. */
  openRtp(bytes: Uint8Array, offset: number, length: number, path: number, now: number): number;
  openRtcp(bytes: Uint8Array, offset: number, length: number, path: number, now: number): number;
  /** A path isn't ours any more. */
  pathClosed(path: number): void;
  sendData(data: Uint8Array): boolean;
  readonly maxData: number;
  /** ICE restart: the credentials of the next answer. */
  restart(remote: IceCredentials): IceCredentials;
  /** When {@link tick} has something to do, at the latest; packets and calls may bring it forward. */
  readonly deadline: number;
  tick(now: number): void;
  /** Adds what DTLS and SRTP counted. */
  count(tally: Tally): void;
  close(): void;
}

const COUNTED: Partial<Record<IceResult, keyof SessionCounters>> = {
  [ICE_RESULT.limited]: "stun.limited",
  [ICE_RESULT.malformed]: "stun.malformed",
  [ICE_RESULT.unsigned]: "stun.unsigned",
  [ICE_RESULT.unknownUfrag]: "stun.unknown",
  [ICE_RESULT.badIntegrity]: "stun.unauthentic",
  [ICE_RESULT.unknownAttribute]: "stun.refused",
  [ICE_RESULT.roleConflict]: "stun.refused",
  [ICE_RESULT.strayResponse]: "stun.refused",
};

const profileOf = (name: SrtpKeys["profile"]): SrtpProfile => srtpProfiles.find(profile => profile.name === name)!;

export function createTransport(options: TransportOptions): Transport {
  const { host, listener, claim, release, retire } = options;
  const { counters } = host;
  let inbound: InboundSrtp | undefined;
  let outbound: OutboundSrtp | undefined;
  let closed = false;
  let clock = options.now;
  /** Where the datagram in hand came from. */
  let dtlsPath = -1;
  /** Where our last handshake flight went: its repetitions go there too. */
  let flightPath = -1;

  const end = (reason: TransportEnd): void => {
    if (closed) return;
    counters[`session.${reason}`]++;
    close();
    listener.onEnded();
  };

  const ice = createIceAgent({
    workerId: host.workerId,
    remote: options.remote,
    now: options.now,
    send: host.send,
    listener: {
      onValid: claim,
      onForgotten: release,
      onSelected: path => listener.onPath(path),
      onUfragRetired: retire,
      onSilent: () => listener.onSilent(),
      onAlive: () => listener.onAlive(),
      onTimeout: () => end("timeout"),
    },
  });

  const dtls = createDtlsServer({
    certificate: host.certificate,
    remoteFingerprint: fingerprintOf(options.fingerprints[0]!),
    srtpProfiles: DEFAULT_SRTP_PROFILES,
    budget: host.handshakes,
    send(datagram) {
      // While shaking hands an answer goes back where the question came from; repetitions have no question.
      if (dtls.state === "handshake" && dtlsPath >= 0) flightPath = dtlsPath;
      const path = ice.selected >= 0 ? ice.selected : dtlsPath >= 0 ? dtlsPath : flightPath;
      if (path >= 0) host.send(path, datagram, 0, datagram.length);
    },
    listener: {
      onConnected(keys) {
        if (keys === undefined) {
          end("dtls-failed");
          return;
        }
        const profile = profileOf(keys.profile);
        inbound = createInboundSrtp({ master: { profile, key: keys.remoteKey, salt: keys.remoteSalt } });
        outbound = createOutboundSrtp({ master: { profile, key: keys.localKey, salt: keys.localSalt } });
        listener.onConnected(outbound);
        ice.dtlsFinished(flightPath, dtlsPath, clock);
      },
      onData(data) {
        ice.heard(dtlsPath, clock);
        listener.onData(data);
      },
      onFailed: () => end("dtls-failed"),
      onClosed: () => end("peer-closed"),
    },
  });

  function close(): void {
    if (closed) return;
    dtls.close();
    closed = true;
    ice.close();
    inbound?.close();
    outbound?.close();
  }

  return {
    get local() {
      return ice.local;
    },
    get connected() {
      return !closed && outbound !== undefined;
    },
    handleStun(bytes, offset, length, path, address, port, now) {
      clock = now;
      const counted = COUNTED[ice.handle(bytes, offset, length, path, address, port, now)];
      if (counted !== undefined) counters[counted]++;
    },
    handleDtls(bytes, offset, length, path, now) {
      if (!ice.accepts(path)) {
        counters["packet.stranger"]++;
        return;
      }
      clock = now;
      dtlsPath = path;
      dtls.handle(bytes.subarray(offset, offset + length), now);
      dtlsPath = -1;
    },
    openRtp(bytes, offset, length, path, now) {
      if (inbound === undefined) {
        counters["packet.early"]++;
        return 0;
      }
      const plain = inbound.unprotectRtp(bytes, offset, length);
      if (plain > 0) ice.heard(path, now);
      return plain;
    },
    openRtcp(bytes, offset, length, path, now) {
      if (inbound === undefined) {
        counters["packet.early"]++;
        return 0;
      }
      const plain = inbound.unprotectRtcp(bytes, offset, length);
      if (plain > 0) ice.heard(path, now);
      return plain;
    },
    pathClosed(path) {
      // Its number may be another peer's soon.
      if (path === flightPath) flightPath = -1;
      ice.pathClosed(path);
    },
    sendData: data => dtls.send(data),
    maxData: dtls.maxPayload,
    restart: remote => ice.restart(remote),
    get deadline() {
      return Math.min(ice.deadline, dtls.nextTimeout());
    },
    tick(now) {
      if (closed) return;
      clock = now;
      ice.tick(now);
      if (!closed && now >= dtls.nextTimeout()) dtls.tick(now);
    },
    count(tally) {
      tally.add("dtls", dtls.counters);
      if (inbound !== undefined) tally.add("srtp-in", inbound.counters);
      if (outbound !== undefined) tally.add("srtp-out", outbound.counters);
    },
    close,
  };
}

/** The SDP's word for it, which knows only the hashes that DTLS knows. */
function fingerprintOf({ algorithm, value }: OfferedFingerprint): Fingerprint {
  return { algorithm: algorithm as FingerprintAlgorithm, value };
}

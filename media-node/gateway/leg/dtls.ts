/**
 * Keys of a call's sound by DTLS (RFC 5763, RFC 5764), by ICE-lite where the telephone has ICE. We are the passive side.
 * @module
 */
import type { DtlsCertificate, FingerprintAlgorithm } from "../../dtls/certificate.ts";
import type { HandshakeBudget } from "../../dtls/handshake-budget.ts";
import { createDtlsServer, type DtlsServer } from "../../dtls/server.ts";
import { DEFAULT_SRTP_PROFILES } from "../../dtls/srtp-profile.ts";
import { createIceAgent } from "../../ice/agent.ts";
import type { IceCredentials } from "../../ice/credentials.ts";
import type { IceAgent } from "../../ice/types.ts";
import { createInboundSrtp, type InboundSrtp } from "../../srtp/inbound.ts";
import { createOutboundSrtp, type OutboundSrtp } from "../../srtp/outbound.ts";
import { srtpProfiles } from "../../srtp/profiles.ts";
import type { RtpSocket } from "../rtp/channel.ts";
import type { LegDtls } from "./orders.ts";

export interface LegDtlsOptions {
  readonly rtp: RtpSocket;
  readonly certificate: DtlsCertificate;
  readonly handshakes: HandshakeBudget;
  /** Ours, which signaling tells. */
  readonly ice: IceCredentials;
  /** Who is at the other end has proved it: sound goes by these. */
  readonly onKeys: (inbound: InboundSrtp, outbound: OutboundSrtp) => void;
  /** It isn't who signaling said, or can't be talked to. */
  readonly onFailed: () => void;
}

export interface LegDtlsEnd {
  /** Whether keys come by it: nothing is then heard or sent without. */
  readonly isOn: boolean;
  /** Where sound goes: the path that ICE chose, else the one that DTLS came on; -1 for nowhere yet. */
  readonly path: number;
  /**
   * Takes what signaling says of the other end. Undefined: there is no DTLS.
   * @returns whether keys are yet to come; the same again changes nothing
   */
  agree(remote: LegDtls | undefined, now: number): boolean;
  handleStun(bytes: Uint8Array, path: number, now: number): void;
  /** @param isNamed whether signaling named the host that it comes from: counts where there is no ICE */
  handleDtls(bytes: Uint8Array, path: number, isNamed: boolean, now: number): void;
  /** Whether SRTP may be taken from a path. */
  accepts(path: number, isNamed: boolean): boolean;
  /** An authentic packet came. */
  heard(path: number, now: number): void;
  tick(now: number): void;
  /** Idempotent. */
  close(): void;
}

/** Legs have ports of their own: nothing has to tell their user names apart. */
const WORKER = 0;

interface Association {
  readonly remote: LegDtls;
  readonly dtls: DtlsServer;
  readonly ice: IceAgent | undefined;
  /** Where the handshake's last datagram came from. */
  path: number;
}

const isSame = (a: LegDtls | undefined, b: LegDtls | undefined): boolean =>
  a?.fingerprint.value === b?.fingerprint.value &&
  a?.ice?.ufrag === b?.ice?.ufrag &&
  a?.ice?.password === b?.ice?.password;

export function createLegDtls(options: LegDtlsOptions): LegDtlsEnd {
  const { rtp, certificate, handshakes, onKeys, onFailed } = options;
  let current: Association | undefined;
  let clock = 0;

  function end(): void {
    if (current === undefined) return;
    const { dtls, ice, path } = current;
    dtls.close();
    ice?.close();
    if (path >= 0) rtp.release(path);
    current = undefined;
  }

  function begin(remote: LegDtls, now: number): void {
    const send = (path: number, bytes: Uint8Array, offset: number, length: number): void =>
      rtp.send(path, bytes, offset, length);
    const ice =
      remote.ice &&
      createIceAgent({
        ...{ workerId: WORKER, local: options.ice, remote: remote.ice, now, send },
        listener: {
          onValid: path => rtp.retain(path),
          onForgotten: path => rtp.release(path),
          onSelected() {},
          onUfragRetired() {},
          onSilent() {},
          onAlive() {},
          // The leg notices by itself that nothing comes.
          onTimeout() {},
        },
      });
    const dtls = createDtlsServer({
      certificate,
      remoteFingerprint: {
        algorithm: remote.fingerprint.algorithm as FingerprintAlgorithm,
        value: remote.fingerprint.value,
      },
      srtpProfiles: DEFAULT_SRTP_PROFILES,
      budget: handshakes,
      send(datagram) {
        const path = ice !== undefined && ice.selected >= 0 ? ice.selected : association.path;
        if (path >= 0) rtp.send(path, datagram, 0, datagram.length);
      },
      listener: {
        onConnected(keys) {
          const profile = srtpProfiles.find(({ name }) => name === keys?.profile);
          if (keys === undefined || profile === undefined) {
            onFailed();
            return;
          }
          ice?.dtlsFinished(association.path, association.path, clock);
          onKeys(
            createInboundSrtp({ master: { profile, key: keys.remoteKey, salt: keys.remoteSalt } }),
            createOutboundSrtp({ master: { profile, key: keys.localKey, salt: keys.localSalt } }),
          );
        },
        onData() {},
        onFailed,
        // What ends a call is its BYE.
        onClosed() {},
      },
    });
    const association: Association = { remote, dtls, ice, path: -1 };
    current = association;
  }

  /** A datagram of the handshake came: answers go back where it came from. */
  function take(association: Association, path: number): void {
    if (association.path === path) return;
    rtp.retain(path);
    if (association.path >= 0) rtp.release(association.path);
    association.path = path;
  }

  const accepts = (path: number, isNamed: boolean): boolean =>
    current !== undefined && (current.ice ? current.ice.accepts(path) : isNamed);

  return {
    get isOn() {
      return current !== undefined;
    },
    get path() {
      if (current === undefined) return -1;
      return current.ice ? current.ice.selected : current.path;
    },
    agree(remote, now) {
      if (isSame(current?.remote, remote)) return false;
      end();
      if (remote !== undefined) begin(remote, now);
      return remote !== undefined;
    },
    handleStun(bytes, path, now) {
      current?.ice?.handle(bytes, 0, bytes.length, path, rtp.addressOf(path), rtp.portOf(path), now);
    },
    handleDtls(bytes, path, isNamed, now) {
      if (current === undefined || !accepts(path, isNamed)) return;
      // Who is connected may come from elsewhere only as ICE allows.
      if (current.ice === undefined && current.dtls.state === "connected" && current.path !== path) return;
      clock = now;
      take(current, path);
      current.dtls.handle(bytes, now);
    },
    accepts,
    heard: (path, now) => current?.ice?.heard(path, now),
    tick(now) {
      if (current === undefined) return;
      current.ice?.tick(now);
      if (now >= current.dtls.nextTimeout()) current.dtls.tick(now);
    },
    close: end,
  };
}

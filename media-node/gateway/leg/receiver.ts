import { PacketKind, packetKind } from "../../net/demux.ts";
import { createRtpHeader, readRtp } from "../../rtp/rtp-header.ts";
import { createInboundSrtp, type InboundSrtp } from "../../srtp/inbound.ts";
import type { SocketPair } from "../rtp/channel.ts";
import { createClearInbound } from "../rtp/clear.ts";
import { masterKeyOf } from "../rtp/sdes.ts";
import { createSourceLock, type SourceLock } from "../rtp/source-lock.ts";
import { createDigitsIn } from "./digits-in.ts";
import type { LegDtlsEnd } from "./dtls.ts";
import type { LegCodec } from "./formats.ts";
import type { LegAgreement } from "./orders.ts";

/** Comfort noise (RFC 3389) has this type wherever it has none of its own. */
const COMFORT_NOISE = 13;
const MAX_DATAGRAM = 65_536;
/** Datagrams of all legs are copied here: what runtimes hand out is no Buffer. */
const packet = Buffer.allocUnsafeSlow(MAX_DATAGRAM);
const header = createRtpHeader();

export interface ReceiverCounters {
  packets: number;
  strangers: number;
  undecipherable: number;
  malformed: number;
}

/** What comes of a telephone's packets. */
export interface LegEars {
  heard(
    codec: LegCodec,
    sequence: number,
    timestamp: number,
    bytes: Buffer,
    offset: number,
    length: number,
    now: number,
  ): void;
  digit(key: string): void;
}

/** Tells a telephone's packets from strangers'. */
export interface LegReceiver {
  readonly counters: ReceiverCounters;
  /** When anything of it came last: sound, silence that says so, or RTCP. */
  readonly heardAt: number;
  /** The path that its RTP comes on, and so goes back on (RFC 4961); -1 before the first of it. */
  readonly path: number;
  update(agreement: LegAgreement, now: number): void;
  /** Decrypts so from now on, by keys of DTLS; undefined: they are yet to come, and nothing is heard. */
  secureBy(inbound: InboundSrtp | undefined): void;
  receive(at: keyof SocketPair, bytes: Uint8Array, path: number, now: number): void;
  close(): void;
}

/** @param dtls where keys may come from, which then also tells who may speak */
export function createLegReceiver(
  sockets: SocketPair,
  dtls: Pick<LegDtlsEnd, "isOn" | "accepts" | "heard">,
  ears: LegEars,
  now: number,
): LegReceiver {
  const counters = { packets: 0, strangers: 0, undecipherable: 0, malformed: 0 };
  const digits = createDigitsIn();
  const codecs = new Map<number, LegCodec>();
  const events = new Set<number>();
  let agreement: LegAgreement | undefined;
  let lock: SourceLock = createSourceLock(undefined);
  let inbound = createClearInbound();
  /** Keys of DTLS, once they are there. */
  let byDtls: InboundSrtp | undefined;
  let held = -1;
  let heardAt = now;

  function mayCome(at: keyof SocketPair, path: number): boolean {
    const isNamed = agreement?.from.includes(sockets[at].addressOf(path)) === true;
    return dtls.isOn ? dtls.accepts(path, isNamed) : isNamed;
  }

  function letGo(): void {
    if (held >= 0) sockets.rtp.release(held);
    held = -1;
  }

  /**
   * Whether a packet is heard that came from where none was heard yet. Only the hosts that signaling named may speak; from
   * the very port that it named, or with the right key, a packet needs no more proof; from another one (a NAT's) the stream
   * must show that it is one.
   */
  function admit(path: number, at: number): boolean {
    const address = sockets.rtp.addressOf(path);
    const port = sockets.rtp.portOf(path);
    if (!mayCome("rtp", path)) return false;
    const isNamed = address === agreement?.address && port === agreement.port;
    const { ssrc, sequence } = header;
    const isAuthentic = dtls.isOn || agreement?.srtp !== undefined;
    // Where ICE leads elsewhere the one before is over.
    if (dtls.isOn && address !== lock.address) lock = createSourceLock(undefined);
    if (!lock.admit({ address, port, ssrc, sequence }, isNamed || isAuthentic, at)) return false;
    letGo();
    sockets.rtp.retain(path);
    held = path;
    return true;
  }

  function receiveRtp(received: number, path: number, at: number): void {
    // Who may not speak costs no decryption.
    if (path !== held && !mayCome("rtp", path)) {
      counters.strangers++;
      return;
    }
    const length = (dtls.isOn ? byDtls : inbound)?.unprotectRtp(packet, 0, received) ?? 0;
    if (length <= 0) {
      counters.undecipherable++;
      return;
    }
    if (!readRtp(packet, 0, length, header)) {
      counters.malformed++;
      return;
    }
    const { payloadType, ssrc, sequence, timestamp, payloadOffset, payloadLength } = header;
    const codec = codecs.get(payloadType);
    const isEvent = events.has(payloadType);
    if (codec === undefined && !isEvent && payloadType !== COMFORT_NOISE) {
      counters.strangers++;
      return;
    }
    if (path !== held && !admit(path, at)) {
      counters.strangers++;
      return;
    }
    lock.heard(at);
    dtls.heard(path, at);
    heardAt = at;
    counters.packets++;
    if (isEvent) {
      const key = digits.receive(ssrc, timestamp, packet, payloadOffset, payloadLength, at);
      if (key !== undefined) ears.digit(key);
    } else if (codec !== undefined && payloadLength > 0 && agreement?.receives === true) {
      ears.heard(codec, sequence, timestamp, packet, payloadOffset, payloadLength, at);
    }
  }

  return {
    counters,
    get heardAt() {
      return heardAt;
    },
    get path() {
      return held;
    },
    update(next, at) {
      const isMoved = next.address !== agreement?.address || next.port !== agreement.port;
      if (isMoved) {
        letGo();
        lock = createSourceLock(undefined);
      }
      if (next.srtp?.receive.key !== agreement?.srtp?.receive.key) {
        inbound.close();
        inbound = next.srtp ? createInboundSrtp({ master: masterKeyOf(next.srtp.receive) }) : createClearInbound();
      }
      agreement = next;
      heardAt = at;
      codecs.clear();
      events.clear();
      for (const { codec, receiveType } of next.formats) codecs.set(receiveType, codec);
      for (const type of next.events?.receiveTypes ?? []) events.add(type);
    },
    secureBy(next) {
      byDtls?.close();
      byDtls = next;
    },
    receive(at, bytes, path, time) {
      const kind = packetKind(bytes, 0, bytes.length);
      packet.set(bytes);
      if (kind === PacketKind.rtp && at === "rtp") receiveRtp(bytes.length, path, time);
      else if (kind === PacketKind.rtcp && mayCome(at, path)) heardAt = time;
      else counters.strangers++;
    },
    close() {
      letGo();
      inbound.close();
      byDtls?.close();
    },
  };
}

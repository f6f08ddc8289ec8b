import { randomBytes } from "node:crypto";
import type { SdesKey } from "../../../src/protocol/index.ts";
import { writeUint16, writeUint32 } from "../../rtp/bytes.ts";
import { ntpFraction, ntpSeconds } from "../../rtp/ntp.ts";
import { createRtcpWriter } from "../../rtp/rtcp-writer.ts";
import { randomUint32 } from "../../session/slot-identity.ts";
import { createOutboundSrtp, type OutboundSrtp } from "../../srtp/outbound.ts";
import type { RtpSocket } from "../rtp/channel.ts";
import { createClearOutbound, createMuteOutbound } from "../rtp/clear.ts";
import { masterKeyOf } from "../rtp/sdes.ts";

const HEADER = 12;
const MAX_PACKET = 1_500;
/** SRTP adds a tag, and an index to RTCP. */
const OVERHEAD = 32;
/** RTCP goes so often (ms). */
const REPORT_INTERVAL = 5_000;
/** A frame's timestamp further on than this (s) belongs to another timeline. */
const MAX_LEAP = 10;

/**
 * What leaves for a telephone: one stream for the whole call, whose numbers rise by one for each packet that is sent and by
 * nothing else. However long a hold lasts, whoever checks them (SRTP, jitter buffers) goes on where it was.
 */
export interface LegSender {
  /** Encrypts by this key from now on. @throws TandemError for one that is none */
  secure(key: SdesKey | undefined): void;
  /** Encrypts so from now on, by keys of DTLS; undefined: they are yet to come, and nothing leaves. */
  secureBy(outbound: OutboundSrtp | undefined): void;
  /** The stream's timestamp now. */
  timestampAt(now: number, clockRate: number): number;
  /** The stream's timestamp for a frame that a mixer gave this one: they may come from several, one after the other. */
  follow(timestamp: number, clockRate: number, now: number): number;
  send(
    path: number,
    type: number,
    marker: boolean,
    timestamp: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void;
  /** Tells how much was sent, when that is due. @param isMuxed whether RTCP shares the port */
  report(path: number, now: number, clockRate: number, isMuxed: boolean): void;
  close(): void;
}

const packet = new Uint8Array(MAX_PACKET + OVERHEAD);

export function createLegSender(rtp: RtpSocket, rtcp: RtpSocket): LegSender {
  const ssrc = randomUint32();
  const writer = createRtcpWriter({ ssrc, cname: randomBytes(9).toString("base64url"), reducedSize: false });
  let sequence = randomUint32() & 0x7fff;
  let last = randomUint32();
  let lastAt = Number.NaN;
  let lastTaken = -1;
  let packets = 0;
  let octets = 0;
  let reported = 0;
  let nextReport = 0;
  let outbound = createClearOutbound();

  const elapsed = (now: number, clockRate: number): number =>
    Number.isNaN(lastAt) ? 0 : Math.round(((now - lastAt) / 1_000) * clockRate);

  return {
    secure(key) {
      outbound.close();
      outbound = key ? createOutboundSrtp({ master: masterKeyOf(key) }) : createClearOutbound();
    },
    secureBy(next) {
      outbound.close();
      outbound = next ?? createMuteOutbound();
    },
    timestampAt: (now, clockRate) => (last + elapsed(now, clockRate)) >>> 0,
    follow(timestamp, clockRate, now) {
      const step = (timestamp - lastTaken) | 0;
      const follows = lastTaken >= 0 && step > 0 && step < MAX_LEAP * clockRate;
      last = (last + (follows ? step : elapsed(now, clockRate))) >>> 0;
      lastTaken = timestamp;
      lastAt = now;
      return last;
    },
    send(path, type, marker, timestamp, bytes, offset, length) {
      if (path < 0 || HEADER + length > MAX_PACKET) return;
      sequence = (sequence + 1) & 0xffff;
      packet[0] = 0x80;
      packet[1] = (marker ? 0x80 : 0) | type;
      writeUint16(packet, 2, sequence);
      writeUint32(packet, 4, timestamp);
      writeUint32(packet, 8, ssrc);
      for (let i = 0; i < length; i++) packet[HEADER + i] = bytes[offset + i]!;
      const protectedLength = outbound.protectRtp(packet, 0, HEADER, length);
      if (protectedLength > 0) rtp.send(path, packet, 0, protectedLength);
      packets++;
      octets = (octets + length) >>> 0;
    },
    report(path, now, clockRate, isMuxed) {
      // As long as no sound was sent nothing says that somebody wants any of this.
      if (path < 0 || packets === 0 || now < nextReport) return;
      nextReport = now + REPORT_INTERVAL;
      writer.begin(packet, 0, MAX_PACKET);
      const timestamp = (last + elapsed(now, clockRate)) >>> 0;
      if (packets > reported) writer.senderReport(ssrc, ntpSeconds(now), ntpFraction(now), timestamp, packets, octets);
      else writer.emptyReport();
      reported = packets;
      const length = outbound.protectRtcp(packet, 0, writer.finish());
      if (length > 0) (isMuxed ? rtp : rtcp).send(path, packet, 0, length);
    },
    close: () => outbound.close(),
  };
}

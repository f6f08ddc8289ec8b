import { writeUint16 } from "../rtp/bytes.ts";
import { ntpFraction, ntpSeconds } from "../rtp/ntp.ts";
import { feedbackMedia, readNack } from "../rtp/rtcp-feedback.ts";
import { createRtcpPacket, FEEDBACK, nextRtcp, RTCP } from "../rtp/rtcp-packet.ts";
import { createRtcpWriter } from "../rtp/rtcp-writer.ts";
import { buildRtp, type Content, opusPayload, vp8Payload } from "./model-packets.ts";
import type { Netsim } from "./netsim.ts";

/** Payload types and extension ids of all models. */
export const MODEL = { opus: 111, vp8: 96, vp8Rtx: 97, audioLevel: 1, mid: 4, rid: 10, repairedRid: 11 } as const;

/** One encoding a model sends. */
export interface ModelStreamOptions {
  readonly source: number;
  readonly mid: string;
  /** Empty for audio and single-layer video. */
  readonly rid: string;
  readonly layer: number;
  readonly media: "audio" | "video";
  readonly ssrc: number;
  readonly rtxSsrc: number;
  /** Frames per second (video); audio has 50 packets. */
  readonly fps: number;
  /** Most packets per frame; key frames have three times as many. */
  readonly packetsPerFrame: number;
  /** 7-bit picture ids, as some encoders send. */
  readonly narrow?: boolean;
}

/** A stream of a model publisher and what tests may do to it. */
export interface ModelStream {
  readonly options: ModelStreamOptions;
  active: boolean;
  /** Audio level (RFC 6464). */
  level: number;
  /** Share of frames followed by a padding packet on the media SSRC. */
  padding: number;
  /** Makes the timeline leap by so many clock units with the next frame. */
  leap: number;
  /** When it last did (ms). */
  leapedAt: number;
  /** Extended number of the next packet. */
  next: number;
  keyFramesAsked: number;
}

/** A publishing peer that isn't there: sends media, sender reports and what is asked for again. */
export interface ModelPublisher {
  readonly streams: readonly ModelStream[];
  /** Takes a compound RTCP packet from the node. */
  receiveRtcp(bytes: Buffer): void;
  stop(): void;
}

/** What a {@link ModelPublisher} sends through. */
export interface ModelPublisherOptions {
  readonly streams: readonly ModelStreamOptions[];
  /** Its wall clock minus the true time (ms). */
  readonly clockOffset: number;
  sendRtp(packet: Buffer): void;
  sendRtcp(packet: Buffer): void;
}

interface Sender extends ModelStream {
  timestampBase: number;
  frame: number;
  pictureId: number;
  tl0: number;
  keyIndex: number;
  wantsKey: boolean;
  rtxSequence: number;
  lastTimestamp: number;
  packets: number;
  octets: number;
  readonly history: Map<number, Buffer>;
}

export function createModelPublisher(sim: Netsim, options: ModelPublisherOptions): ModelPublisher {
  const { random } = sim;
  const start = sim.now;
  const ends: (() => void)[] = [];
  const senders = options.streams.map(stream => createSender(stream));

  function createSender(stream: ModelStreamOptions): Sender {
    return {
      options: stream,
      active: true,
      level: 30,
      padding: 0,
      leap: 0,
      leapedAt: Number.NEGATIVE_INFINITY,
      next: 0x1_0000 + random.integer(0, 0xffff),
      keyFramesAsked: 0,
      timestampBase: random.integer(0, 0xffff_ffff),
      frame: 0,
      pictureId: random.integer(0, 0x7fff),
      tl0: random.integer(0, 255),
      keyIndex: random.integer(0, 31),
      wantsKey: true,
      rtxSequence: random.integer(0, 0xffff),
      lastTimestamp: 0,
      packets: 0,
      octets: 0,
      history: new Map(),
    };
  }

  function timestamp(sender: Sender): number {
    const rate = sender.options.media === "audio" ? 48 : 90;
    return (sender.timestampBase + Math.round((sim.now - start) * rate)) >>> 0;
  }

  function send(sender: Sender, payload: Uint8Array, marker: boolean, padding = 0): void {
    const { mid, rid, media, ssrc } = sender.options;
    const extensions: [number, Uint8Array][] = [[MODEL.mid, Buffer.from(mid)]];
    if (rid !== "") extensions.push([MODEL.rid, Buffer.from(rid)]);
    if (media === "audio") extensions.push([MODEL.audioLevel, Buffer.from([sender.level])]);
    const sequence = sender.next++ & 0xffff;
    const payloadType = media === "audio" ? MODEL.opus : MODEL.vp8;
    const packet = buildRtp({
      payloadType,
      sequence,
      timestamp: sender.lastTimestamp,
      ssrc,
      marker,
      extensions,
      payload,
      padding,
    });
    sender.history.set(sequence, packet);
    sender.history.delete((sequence - 500) & 0xffff);
    sender.packets++;
    sender.octets += payload.length;
    options.sendRtp(packet);
  }

  function content(sender: Sender, start: boolean): Content {
    const { source, layer } = sender.options;
    return { source, layer, index: sender.next, frame: sender.frame, captured: sim.now, start };
  }

  function sendFrame(sender: Sender): void {
    if (!sender.active) return;
    if (sender.leap !== 0) sender.leapedAt = sim.now;
    sender.timestampBase += sender.leap;
    sender.leap = 0;
    sender.frame++;
    sender.lastTimestamp = timestamp(sender);
    if (sender.options.media === "audio") {
      send(sender, opusPayload(content(sender, true), random.integer(40, 120)), sender.frame === 1);
      return;
    }
    const key = sender.wantsKey || sender.frame % 300 === 0;
    sender.wantsKey = false;
    sender.pictureId = (sender.pictureId + 1) & 0x7fff;
    sender.tl0 = (sender.tl0 + 1) & 0xff;
    if (key) sender.keyIndex = (sender.keyIndex + 1) & 0x1f;
    const packets = random.integer(1, sender.options.packetsPerFrame) * (key ? 3 : 1);
    const length = random.integer(60, 1_100);
    for (let i = 0; i < packets; i++) {
      const payload = vp8Payload(content(sender, i === 0 && key), sender, i === 0, key, length, sender.options.narrow);
      send(sender, payload, i === packets - 1);
    }
    if (random.chance(sender.padding)) send(sender, new Uint8Array(0), false, 50);
  }

  function resend(sender: Sender, sequence: number): void {
    const packet = sender.history.get(sequence);
    if (packet === undefined || !sender.active) return;
    const again = Buffer.alloc(packet.length + 2);
    const header = 12 + (packet[0]! & 0x10 ? 4 + packet.readUInt16BE(14) * 4 : 0);
    packet.copy(again, 0, 0, header);
    packet.copy(again, header + 2, header);
    again[1] = (packet[1]! & 0x80) | MODEL.vp8Rtx;
    writeUint16(again, 2, sender.rtxSequence++ & 0xffff);
    again.writeUInt32BE(sender.options.rtxSsrc, 8);
    writeUint16(again, header, sequence);
    // The stream is named in the repaired RID extension (RFC 8852).
    const rid = again.indexOf(Buffer.from([(MODEL.rid << 4) | (sender.options.rid.length - 1)]), 16);
    if (sender.options.rid !== "" && rid > 0 && rid < header) {
      again[rid] = (MODEL.repairedRid << 4) | (sender.options.rid.length - 1);
    }
    options.sendRtp(again);
  }

  for (const sender of senders) {
    const interval = sender.options.media === "audio" ? 20 : 1000 / sender.options.fps;
    sim.at(sim.now + random.next() * interval, () => ends.push(sim.every(interval, () => sendFrame(sender))));
  }
  const writer = createRtcpWriter({ ssrc: 1, cname: "model", reducedSize: true });
  const buffer = Buffer.alloc(200);
  ends.push(
    sim.every(1_000, () => {
      for (const sender of senders) {
        if (sender.packets === 0) continue;
        const wall = sim.now + options.clockOffset;
        writer.begin(buffer, 0, buffer.length);
        writer.senderReport(
          sender.options.ssrc,
          ntpSeconds(wall),
          ntpFraction(wall),
          timestamp(sender),
          sender.packets,
          sender.octets,
        );
        options.sendRtcp(Buffer.from(buffer.subarray(0, writer.finish())));
      }
    }),
  );

  const packet = createRtcpPacket();
  const lost = new Uint16Array(512);
  return {
    streams: senders,
    receiveRtcp(bytes) {
      let position = 0;
      while (position < bytes.length) {
        position = nextRtcp(bytes, position, bytes.length, packet);
        if (position < 0) throw new Error("the node sent malformed RTCP");
        const sender = senders.find(({ options }) => options.ssrc === feedbackMedia(bytes, packet));
        if (sender === undefined) continue;
        if (packet.type === RTCP.payload && packet.count === FEEDBACK.pli) {
          sender.wantsKey = true;
          sender.keyFramesAsked++;
        } else if (packet.type === RTCP.transport && packet.count === FEEDBACK.nack) {
          const count = readNack(bytes, packet, lost);
          for (let i = 0; i < count; i++) resend(sender, lost[i]!);
        }
      }
    },
    stop() {
      for (const end of ends) end();
    },
  };
}

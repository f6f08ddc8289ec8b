/**
 * Telephones in a room in virtual time: real router, mixer and codecs; RTP as bytes, without sockets.
 * @module
 */

import { MEMBER_GRANTS, type NodeParticipant } from "../../../../src/protocol/index.ts";
import type { AudioDecoder, AudioEncoder } from "../../../codec/audio-codec.ts";
import { MAX_ENCODED, MAX_PACKET_TIME } from "../../../codec/audio-codec.ts";
import { loadOpus } from "../../../codec/opus-audio.ts";
import { createFlushList } from "../../../forward/flush-list.ts";
import { createInputDecoder, createMixEncoder } from "../../../mix/mix-format.ts";
import { createRouter } from "../../../room/router.ts";
import { writeUint16, writeUint32 } from "../../../rtp/bytes.ts";
import { createRtpHeader, readRtp } from "../../../rtp/rtp-header.ts";
import { createTestMixing } from "../../../testing/mixing.ts";
import { tone } from "../../../testing/tones.ts";
import type { RtpSocket } from "../../rtp/channel.ts";
import type { OpenPair } from "../../rtp/leg.ts";
import { loadClips } from "../clips.ts";
import { HEARD, type LegCodec } from "../formats.ts";
import { createLeg, type Leg } from "../leg.ts";
import type { LegAgreement } from "../orders.ts";
import { createPhoneMix } from "../phone-mix.ts";
import { TEST_KEYS } from "./keys.ts";

const opus = await loadOpus();
const clips = await loadClips();
const TICK = 20;
const TYPES: Readonly<Record<LegCodec, number>> = { pcmu: 0, pcma: 8, g722: 9, opus: 107 };
export const EVENT_TYPE = 101;

/** A packet that came to a telephone. */
export interface Came {
  readonly port: number;
  readonly marker: boolean;
  readonly type: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

export interface TestPhone {
  readonly leg: Leg;
  readonly number: number;
  readonly came: Came[];
  readonly rtcp: number[];
  readonly told: string[];
  readonly heard: Float32Array;
  readonly rate: number;
  /** What it says: a tone of so many Hz; 0 silence, which it sends; undefined: it sends nothing. */
  says: number | undefined;
  /** Where its packets come from. */
  from: { address: string; port: number };
  agree(more?: Partial<LegAgreement>): void;
  /** Sends a packet of its own making. */
  send(type: number, payload: Uint8Array, more?: { timestamp?: number; marker?: boolean }): void;
  /** Something comes to its port for RTP from somewhere: itself, its neighbours, strangers. */
  throwAt(bytes: Uint8Array): void;
  forget(): void;
}

export interface PhoneRoom {
  readonly now: number;
  call(codec: LegCodec, entered?: boolean): TestPhone;
  enter(phone: TestPhone): void;
  put(phone: TestPhone, more: { muted: boolean }): void;
  /** The mixer's thread has died. */
  loseMixer(): void;
  run(milliseconds: number): void;
}

/** Paths are numbers; the port's other end is written down. */
function createSocket(onSend: (port: number, bytes: Uint8Array) => void) {
  const known: { address: string; port: number }[] = [];
  let retained = 0;
  const pathOf = (address: string, port: number): number => {
    const at = known.findIndex(each => each.address === address && each.port === port);
    return at >= 0 ? at : known.push({ address, port }) - 1;
  };
  const socket: RtpSocket = {
    slab: new Uint8Array(0),
    reserve: () => 0,
    commitRun() {},
    flush() {},
    send: (path, bytes, offset, length) =>
      onSend(known[path]!.port, Uint8Array.from(bytes.subarray(offset, offset + length))),
    pathOf,
    retain: () => void retained++,
    release: () => void retained--,
    addressOf: path => known[path]!.address,
    portOf: path => known[path]!.port,
  };
  return { socket, pathOf, held: () => retained };
}

export function createPhoneRoom(): PhoneRoom {
  let now = 1_790_000_000_000;
  const mixing = createTestMixing(now);
  const router = createRouter();
  const flushes = createFlushList();
  const mix = createPhoneMix(router, mixing.host);
  const phones: { phone: TestPhone; speak(): void }[] = [];

  const participantOf = (number: number, muted = false): NodeParticipant => ({
    pid: `p_${String(number).padStart(8, "0")}`,
    number,
    grants: MEMBER_GRANTS,
    sources: [{ number: number * 16, kind: "mic", muted }],
  });

  function call(codec: LegCodec, entered = true): TestPhone {
    const number = phones.length + 1;
    const header = createRtpHeader();
    const came: Came[] = [];
    const told: string[] = [];
    const rtcp: number[] = [];
    let chunks: Float32Array[] = [];
    const { rate } = HEARD[codec];
    const decoder: AudioDecoder = createInputDecoder(opus, codec, rate, 1)!;
    const encoder: AudioEncoder = createMixEncoder(opus, HEARD[codec], 1);
    const out = new Float32Array((rate * MAX_PACKET_TIME) / 1_000);
    const clock = codec === "opus" ? 960 : 160;
    let listen: Parameters<OpenPair["listen"]>[0] = () => {};
    const rtp = createSocket((port, bytes) => {
      if (!readRtp(bytes, 0, bytes.length, header)) throw new Error("no RTP");
      const { marker, payloadType: type, sequence, timestamp, payloadOffset, payloadLength } = header;
      came.push({ port, marker, type, sequence, timestamp, payload: bytes.slice(payloadOffset) });
      if (type !== TYPES[codec]) return;
      const samples = decoder.decode(bytes, payloadOffset, payloadLength, out, 0);
      chunks.push(out.slice(0, samples));
    });
    const control = createSocket((port, bytes) => rtcp.push(bytes[1]!, port));
    const pair: OpenPair = {
      ...{ port: 40_000, rtp: rtp.socket, rtcp: control.socket },
      listen: receive => {
        listen = receive;
      },
      close: () => void told.push(`closed, holds ${rtp.held() + control.held()} paths`),
    };
    const leg = createLeg({
      ...{ pair, mixing: mixing.host, clips, keys: TEST_KEYS, now },
      onDigit: digit => told.push(digit),
      onSaid: clip => told.push(`said ${clip}`),
      onSilent: () => told.push("silent"),
      onLeft: () => told.push("left"),
    });
    let sequence = 65_530;
    let timestamp = 4_294_967_000;
    let spoken = 0;
    const packet = new Uint8Array(12 + MAX_ENCODED);

    const phone: TestPhone = {
      ...{ leg, number, came, rtcp, told, rate },
      get heard() {
        return Float32Array.from(chunks.flatMap(chunk => [...chunk]));
      },
      says: 0,
      from: { address: "192.0.2.7", port: 5_004 },
      agree(more = {}) {
        leg.update(
          {
            ...{ address: "192.0.2.7", port: 5_004, from: ["192.0.2.7", "198.51.100.7"] },
            formats: [{ codec, sendType: TYPES[codec], receiveType: TYPES[codec] }],
            events: { sendType: EVENT_TYPE, receiveTypes: [EVENT_TYPE], clockRate: 8_000 },
            ...{ sends: true, receives: true },
            ...more,
          },
          now,
        );
      },
      send(type, payload, { timestamp: at = timestamp, marker = false } = {}) {
        sequence = (sequence + 1) & 0xffff;
        packet[0] = 0x80;
        packet[1] = type | (marker ? 0x80 : 0);
        writeUint16(packet, 2, sequence);
        writeUint32(packet, 4, at);
        writeUint32(packet, 8, 0x1234_5678 + number);
        packet.set(payload, 12);
        const path = rtp.pathOf(phone.from.address, phone.from.port);
        listen("rtp", packet.slice(0, 12 + payload.length), path, now);
      },
      throwAt(bytes) {
        const from = ["192.0.2.7", "198.51.100.7", "203.0.113.9"][bytes.length % 3]!;
        const at = bytes.length % 2 === 0 ? "rtp" : "rtcp";
        listen(at, bytes, rtp.pathOf(from, 5_004 + (bytes.length % 5)), now);
        control.pathOf(from, 5_004 + (bytes.length % 5));
      },
      forget() {
        came.length = 0;
        chunks = [];
      },
    };
    function speak(): void {
      timestamp = (timestamp + clock) >>> 0;
      const { says } = phone;
      if (says === undefined) return;
      const pcm = says === 0 ? new Float32Array(encoder.frame) : tone(says, rate, encoder.frame, 0.25, spoken);
      spoken += encoder.frame;
      const coded = new Uint8Array(MAX_ENCODED);
      const length = encoder.encode(pcm, 0, coded, 0);
      phone.send(TYPES[codec], coded.subarray(0, length));
    }
    phones.push({ phone, speak });
    phone.agree();
    if (entered) room.enter(phone);
    return phone;
  }

  const room: PhoneRoom = {
    get now() {
      return now;
    },
    call,
    enter: ({ leg, number }) => leg.enter({ router, mix, flushes, maxBitrate: 1_000_000 }, participantOf(number), now),
    put: ({ leg, number }, { muted }) => leg.put(participantOf(number, muted), now),
    loseMixer: () => mixing.lose(now),
    run(milliseconds) {
      for (const end = now + milliseconds; now < end; ) {
        now += TICK;
        for (const { speak } of phones) speak();
        router.tick(now);
        mix.tick(now);
        for (const { phone } of phones) phone.leg.tick(now);
        mixing.run(now);
      }
    },
  };
  return room;
}

/**
 * H.264 as FLV has it: parameter sets in a configuration record (ISO 14496-15 §5.3.3.1), frames as units with their lengths before
 * them, made payloads of RTP (RFC 6184).
 * @module
 */
import { readUint16, writeUint16 } from "../../rtp/bytes.ts";

const NAL = { idr: 5, sps: 7, pps: 8, delimiter: 9, filler: 12, stapA: 24, fuA: 28 } as const;
/** Baseline, main, extended and high: 8 bits, 4:2:0. What browsers decode. */
const PROFILES: ReadonlySet<number> = new Set([66, 77, 88, 100]);
/** Bytes of all parameter sets together: encoders write a hundred or two, and every key frame is led by them. */
const MAX_PARAMETER_SETS = 4_096;
const TYPE_MASK = 0x1f;
const REFERENCE_MASK = 0x60;

/** What a decoder needs before it can begin. */
export interface AvcConfiguration {
  /** Bytes of the length before each unit: 1, 2 or 4. */
  readonly lengthBytes: number;
  /** Sequence and picture parameter sets, in order. */
  readonly parameterSets: readonly Buffer[];
  readonly profile: number;
  /** Whether browsers decode that profile. */
  readonly playable: boolean;
}

/** Reads a configuration record, of which the parameter sets are copied. @returns undefined if it is none */
export function readAvcConfiguration(bytes: Buffer, offset: number, length: number): AvcConfiguration | undefined {
  const end = offset + length;
  if (length < 7 || bytes[offset] !== 1) return undefined;
  const profile = bytes[offset + 1]!;
  const lengthBytes = (bytes[offset + 4]! & 3) + 1;
  if (lengthBytes === 3) return undefined;
  const parameterSets: Buffer[] = [];
  let setBytes = 0;
  let at = offset + 5;
  for (const [mask, type] of [
    [0x1f, NAL.sps],
    [0xff, NAL.pps],
  ] as const) {
    if (at >= end) return undefined;
    const count = bytes[at++]! & mask;
    if (count === 0) return undefined;
    for (let i = 0; i < count; i++) {
      if (at + 2 > end) return undefined;
      const size = readUint16(bytes, at);
      if (size === 0 || at + 2 + size > end || (bytes[at + 2]! & TYPE_MASK) !== type) return undefined;
      setBytes += size;
      if (setBytes > MAX_PARAMETER_SETS) return undefined;
      parameterSets.push(Buffer.from(bytes.subarray(at + 2, at + 2 + size)));
      at += 2 + size;
    }
  }
  return { lengthBytes, parameterSets, profile, playable: PROFILES.has(profile) };
}

/** Takes one payload of a packet; its bytes are not kept. */
export type TakePayload = (bytes: Buffer, offset: number, length: number, last: boolean) => void;

export interface AvcPacketizer {
  /**
   * Makes payloads of a frame, whose bytes are written to. A frame with an IDR picture that brings no parameter sets is led by
   * those of the configuration.
   * @returns false, and nothing is taken, for a frame that is malformed
   */
  packetize(configuration: AvcConfiguration, bytes: Buffer, offset: number, length: number, take: TakePayload): boolean;
}

/** @param maxPayload bytes of a packet's payload at most */
export function createAvcPacketizer(maxPayload: number): AvcPacketizer {
  const aggregate = Buffer.alloc(maxPayload);
  // What a look at a frame finds.
  let hasIdr = false;
  let hasParameterSets = false;
  let lastUnit = -1;

  const lengthAt = (bytes: Buffer, at: number, size: number): number =>
    at + size > bytes.length ? -1 : bytes.readUIntBE(at, size);

  /** Units that mean nothing behind RTP, which has its own marks. */
  const isIdle = (type: number): boolean => type === NAL.delimiter || type === NAL.filler;

  function survey(bytes: Buffer, offset: number, end: number, size: number): boolean {
    hasIdr = false;
    hasParameterSets = false;
    lastUnit = -1;
    for (let at = offset; at < end; ) {
      if (at + size > end) return false;
      const length = lengthAt(bytes, at, size);
      if (length <= 0 || at + size + length > end) return false;
      const type = bytes[at + size]! & TYPE_MASK;
      // Those above are packets of RTP and not units of a stream.
      if (type === 0 || type >= NAL.stapA) return false;
      if (type === NAL.idr) hasIdr = true;
      if (type === NAL.sps) hasParameterSets = true;
      if (!isIdle(type)) lastUnit = at;
      at += size + length;
    }
    return true;
  }

  function takeParameterSets({ parameterSets }: AvcConfiguration, take: TakePayload): void {
    let length = 1;
    for (const set of parameterSets) length += 2 + set.length;
    if (length > maxPayload) {
      for (const set of parameterSets) takeUnit(Buffer.concat([Buffer.alloc(1), set]), 1, set.length, false, take);
      return;
    }
    aggregate[0] = REFERENCE_MASK | NAL.stapA;
    let at = 1;
    for (const set of parameterSets) {
      writeUint16(aggregate, at, set.length);
      aggregate.set(set, at + 2);
      at += 2 + set.length;
    }
    take(aggregate, 0, length, false);
  }

  /** One unit, in fragments where it is too long. Their headers are written over what was taken before them. */
  function takeUnit(bytes: Buffer, offset: number, length: number, last: boolean, take: TakePayload): void {
    if (length <= maxPayload) {
      take(bytes, offset, length, last);
      return;
    }
    const indicator = (bytes[offset]! & ~TYPE_MASK) | NAL.fuA;
    const type = bytes[offset]! & TYPE_MASK;
    const end = offset + length;
    let start = 0x80;
    for (let at = offset + 1; at < end; ) {
      const size = Math.min(maxPayload - 2, end - at);
      const stop = at + size === end ? 0x40 : 0;
      bytes[at - 2] = indicator;
      bytes[at - 1] = start | stop | type;
      take(bytes, at - 2, size + 2, last && stop !== 0);
      start = 0;
      at += size;
    }
  }

  return {
    packetize(configuration, bytes, offset, length, take) {
      const size = configuration.lengthBytes;
      const end = offset + length;
      if (!survey(bytes, offset, end, size)) return false;
      if (hasIdr && !hasParameterSets) takeParameterSets(configuration, take);
      for (let at = offset; at < end; ) {
        const unit = lengthAt(bytes, at, size);
        const from = at + size;
        const type = bytes[from]! & TYPE_MASK;
        if (!isIdle(type)) takeUnit(bytes, from, unit, at === lastUnit, take);
        at = from + unit;
      }
      return true;
    },
  };
}

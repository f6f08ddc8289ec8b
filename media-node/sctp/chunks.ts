import { ChunkType, readParameters, u16, u32, writeChunk, writeParameter } from "./packet.ts";

/** Encoders and parsers of the chunks that carry structure. A parser gives undefined for a malformed value. */

const STATE_COOKIE = 7;
const SUPPORTED_EXTENSIONS = 0x8008;
const FORWARD_TSN_SUPPORTED = 0xc000;

/** INIT and INIT ACK (RFC 9260 §3.3.2, §3.3.3). */
export interface Init {
  readonly tag: number;
  /** Advertised receive window in bytes. */
  readonly window: number;
  readonly outboundStreams: number;
  readonly inboundStreams: number;
  readonly initialTsn: number;
}

export interface ParsedInit extends Init {
  /** Whether the peer knows FORWARD TSN. */
  readonly forwardTsn: boolean;
  readonly cookie: Uint8Array | undefined;
}

export function encodeInit(type: number, init: Init, cookie?: Uint8Array): Uint8Array {
  const parameters = [
    writeParameter(SUPPORTED_EXTENSIONS, Uint8Array.of(ChunkType.reConfig, ChunkType.forwardTsn)),
    writeParameter(FORWARD_TSN_SUPPORTED),
  ];
  if (cookie !== undefined) parameters.push(writeParameter(STATE_COOKIE, cookie));
  const streams = u16(init.outboundStreams, init.inboundStreams);
  return writeChunk(type, 0, u32(init.tag, init.window), streams, u32(init.initialTsn), ...parameters);
}

export function parseInit(value: Buffer): ParsedInit | undefined {
  if (value.length < 16) return undefined;
  const parameters = readParameters(value.subarray(16));
  if (parameters === undefined) return undefined;
  const find = (type: number) => parameters.find(parameter => parameter.type === type)?.value;
  const extensions = find(SUPPORTED_EXTENSIONS);
  const init = {
    tag: value.readUInt32BE(0),
    window: value.readUInt32BE(4),
    outboundStreams: value.readUInt16BE(8),
    inboundStreams: value.readUInt16BE(10),
    initialTsn: value.readUInt32BE(12),
    forwardTsn: find(FORWARD_TSN_SUPPORTED) !== undefined || extensions?.includes(ChunkType.forwardTsn) === true,
    cookie: find(STATE_COOKIE),
  };
  // A tag of zero or no stream in a direction is fatal (RFC 9260 §3.3.2): no association comes of it.
  return init.tag === 0 || init.outboundStreams === 0 || init.inboundStreams === 0 ? undefined : init;
}

/** Flags of a DATA chunk. */
export const END = 1;
export const BEGIN = 2;
export const UNORDERED = 4;
/** Asks for a SACK at once (RFC 7053). */
export const IMMEDIATE = 8;

/** DATA (RFC 9260 §3.3.1). `ssn` is the stream sequence number, `ppid` the payload protocol identifier. */
export interface DataChunk {
  readonly flags: number;
  readonly tsn: number;
  readonly stream: number;
  readonly ssn: number;
  readonly ppid: number;
  readonly payload: Uint8Array;
}

export const DATA_HEADER = 16;

export function encodeData({ flags, tsn, stream, ssn, ppid, payload }: DataChunk): Uint8Array {
  return writeChunk(ChunkType.data, flags, u32(tsn), u16(stream, ssn), u32(ppid), payload);
}

export function parseData(flags: number, value: Buffer): DataChunk | undefined {
  if (value.length <= 12) return undefined;
  return {
    flags,
    tsn: value.readUInt32BE(0),
    stream: value.readUInt16BE(4),
    ssn: value.readUInt16BE(6),
    ppid: value.readUInt32BE(8),
    payload: value.subarray(12),
  };
}

/** SACK (RFC 9260 §3.3.4); gaps are pairs of offsets from the cumulative TSN, ends included. */
export interface Sack {
  readonly cumulativeTsn: number;
  readonly window: number;
  readonly gaps: readonly (readonly [number, number])[];
}

export function encodeSack({ cumulativeTsn, window, gaps }: Sack): Uint8Array {
  const counts = u16(gaps.length, 0);
  return writeChunk(ChunkType.sack, 0, u32(cumulativeTsn, window), counts, u16(...gaps.flat()));
}

export function parseSack(value: Buffer): Sack | undefined {
  if (value.length < 12) return undefined;
  const count = value.readUInt16BE(8);
  if (value.length < 12 + count * 4) return undefined;
  const gaps: [number, number][] = [];
  for (let at = 12; at < 12 + count * 4; at += 4) gaps.push([value.readUInt16BE(at), value.readUInt16BE(at + 2)]);
  return { cumulativeTsn: value.readUInt32BE(0), window: value.readUInt32BE(4), gaps };
}

/** FORWARD TSN (RFC 3758 §3.2): what the sender gave up, with the last sequence number skipped in each stream. */
export interface ForwardTsn {
  readonly cumulativeTsn: number;
  readonly skips: readonly (readonly [stream: number, ssn: number])[];
}

export function encodeForwardTsn({ cumulativeTsn, skips }: ForwardTsn): Uint8Array {
  return writeChunk(ChunkType.forwardTsn, 0, u32(cumulativeTsn), u16(...skips.flat()));
}

export function parseForwardTsn(value: Buffer): ForwardTsn | undefined {
  if (value.length < 4 || value.length % 4 !== 0) return undefined;
  const skips: [number, number][] = [];
  for (let at = 4; at < value.length; at += 4) skips.push([value.readUInt16BE(at), value.readUInt16BE(at + 2)]);
  return { cumulativeTsn: value.readUInt32BE(0), skips };
}

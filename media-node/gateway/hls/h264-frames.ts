/**
 * H.264 pictures out of RTP payloads (RFC 6184, packetization modes 0 and 1), as MP4 files hold them.
 * @module
 */
import type { Packet } from "./ordered-packets.ts";

// NAL unit types (RFC 6184 §5.2, H.264 table 7-1).
const SLICE = 1;
const IDR = 5;
const SPS = 7;
const PPS = 8;
const STAP_A = 24;
const FU_A = 28;

/** The longest picture taken (bytes). */
const MAX_FRAME = 4 * 1024 * 1024;
const MAX_UNITS = 512;
const MAX_FRAGMENTS = 8_192;
/** The longest parameter set: what encoders write is a tenth of that, and the file's fields for it have an end. */
const MAX_PARAMETER_SET = 1_024;

/** One picture: NAL units, each behind its length in four bytes. */
export interface VideoFrame {
  readonly bytes: Buffer;
  readonly key: boolean;
  readonly timestamp: number;
  /** What decoding begins with: parameter sets that hold for it. */
  readonly sps: Buffer;
  readonly pps: Buffer;
}

export interface H264Frames {
  /** Takes the next payload. @param whole false where packets before it are lost */
  push(packet: Packet, whole: boolean): void;
  /** Whether nothing can be made of what comes until there is a key frame. */
  readonly needsKeyFrame: boolean;
}

/** Puts pictures together. Whatever isn't whole is left out, and all that build on it. */
export function createH264Frames(onFrame: (frame: VideoFrame) => void): H264Frames {
  let units: Buffer[] = [];
  let size = 0;
  let timestamp = 0;
  let key = false;
  let broken = true;
  let fragments: Buffer[] = [];
  let sps: Buffer | undefined;
  let pps: Buffer | undefined;

  function forget(): void {
    units = [];
    fragments = [];
    size = 0;
    key = false;
  }

  function spoil(): void {
    broken = true;
    forget();
  }

  function addUnit(unit: Buffer): void {
    const type = (unit[0] ?? 0) & 0x1f;
    const set = unit.length > MAX_PARAMETER_SET ? undefined : unit;
    if (type === SPS) sps = set;
    else if (type === PPS) pps = set;
    // Whatever else there is says nothing that a decoder needs.
    if (type < SLICE || type > IDR) return;
    if (type === IDR) key = true;
    const head = Buffer.alloc(4);
    head.writeUInt32BE(unit.length);
    units.push(head, unit);
    size += unit.length;
    if (size > MAX_FRAME || units.length > 2 * MAX_UNITS) spoil();
  }

  function addAggregate(payload: Buffer): void {
    for (let at = 1; at + 2 < payload.length; ) {
      const end = at + 2 + payload.readUInt16BE(at);
      if (end > payload.length) return;
      addUnit(payload.subarray(at + 2, end));
      at = end;
    }
  }

  function addFragment(payload: Buffer): void {
    const [indicator = 0, header = 0] = payload;
    const first = (header & 0x80) !== 0;
    if (first) fragments = [Buffer.of((indicator & 0xe0) | (header & 0x1f))];
    else if (fragments.length === 0) {
      spoil();
      return;
    }
    fragments.push(payload.subarray(2));
    size += payload.length;
    if (size > MAX_FRAME || fragments.length > MAX_FRAGMENTS) spoil();
    else if ((header & 0x40) !== 0) joinFragments();
  }

  function joinFragments(): void {
    const unit = Buffer.concat(fragments);
    size -= unit.length;
    fragments = [];
    addUnit(unit);
  }

  function finish(): void {
    if (key && sps !== undefined && pps !== undefined && units.length > 0) broken = false;
    if (units.length > 0 && !broken && sps !== undefined && pps !== undefined) {
      onFrame({ bytes: Buffer.concat(units), key, timestamp, sps, pps });
    }
    forget();
  }

  return {
    push({ payload, timestamp: at, marker }, whole) {
      if (!whole) spoil();
      if (at !== timestamp) finish();
      timestamp = at;
      const type = (payload[0] ?? 0) & 0x1f;
      if (type === STAP_A) addAggregate(payload);
      else if (type === FU_A) addFragment(payload);
      else if (type > 0 && type < STAP_A) addUnit(payload);
      if (marker) finish();
    },
    get needsKeyFrame() {
      return broken;
    },
  };
}

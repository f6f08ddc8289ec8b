import { loadBunFfi } from "../../media-node/native/bun-ffi.ts";
import { allocatePinned } from "../../media-node/native/ffi.ts";
import { createInboundSrtp, type InboundSrtp } from "../../media-node/srtp/inbound.ts";
import { createOutboundSrtp, type OutboundSrtp } from "../../media-node/srtp/outbound.ts";
import { type SrtpMasterKey, srtpProfileById } from "../../media-node/srtp/profiles.ts";

/** The work: in each of `rooms` rooms one source's packets go to `receivers` receivers. */
export interface Shape {
  readonly rooms: number;
  readonly receivers: number;
  /** Frames a second of each source, and packets sent back to back for each frame. */
  readonly fps: number;
  readonly burst: number;
  /** RTP packet with header, before SRTP. */
  readonly packetBytes: number;
}

/** Where a payload says when it was sent, in milliseconds of the shared clock, and in which phase of the run. */
export const TIMESTAMP_AT = 12;
export const PHASE_AT = 20;

/** Warming up, being measured, and running on until everything measured has arrived. */
export const PHASES = 3;
export const MEASURED = 1;

export const LOOPBACK = "127.0.0.1";

/** Keys of both directions, the same in all processes. */
export function benchKey(direction: "in" | "out", index: number): SrtpMasterKey {
  const profile = srtpProfileById(0x0007);
  if (!profile) throw new Error("no GCM profile");
  const seed = direction === "in" ? 1 : 2;
  const bytes = (length: number) =>
    Uint8Array.from({ length }, (_, i) => (index * 7 + (index >> 8) * 13 + i * seed) & 0xff);
  return { profile, key: bytes(profile.keyLength), salt: bytes(profile.saltLength) };
}

export const benchInbound = (direction: "in" | "out", index: number): InboundSrtp =>
  createInboundSrtp({ master: benchKey(direction, index) });

export const benchOutbound = (direction: "in" | "out", index: number): OutboundSrtp =>
  createOutboundSrtp({ master: benchKey(direction, index) });

/** Milliseconds of CLOCK_MONOTONIC, which all processes of a machine share; Bun's own clocks start with the process. */
export function createSharedClock(): () => number {
  const ffi = loadBunFfi();
  const libc = ffi?.load("libc.so.6", { clock_gettime: { args: ["i32", "pointer"], returns: "i32" } });
  if (!ffi || !libc) throw new Error("the load tool needs Bun on Linux");
  const { bytes, address } = allocatePinned(ffi, 16);
  const view = new DataView(bytes.buffer);
  return () => {
    libc.clock_gettime(1, address);
    return view.getUint32(0, true) * 1000 + view.getUint32(8, true) / 1e6;
  };
}

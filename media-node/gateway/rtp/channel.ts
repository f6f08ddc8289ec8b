import type { NodeParticipant, SdesKey } from "../../../src/protocol/index.ts";
import type { Flushable, FlushList } from "../../forward/flush-list.ts";
import type { RunSink } from "../../forward/writer.ts";
import { PacketKind, packetKind } from "../../net/demux.ts";
import type { UdpPort } from "../../net/udp-port.ts";
import type { Router } from "../../room/router.ts";
import { readUint16, readUint32, writeUint32 } from "../../rtp/bytes.ts";
import type { MediaLine } from "../../session/description.ts";
import { createMediaPlane, type MediaPlane } from "../../session/media-plane.ts";
import { createSlotIdentities, randomUint32 } from "../../session/slot-identity.ts";
import type { Tally } from "../../session/tally.ts";
import { createInboundSrtp } from "../../srtp/inbound.ts";
import { createOutboundSrtp } from "../../srtp/outbound.ts";
import { createClearInbound, createClearOutbound, createMuteOutbound } from "./clear.ts";
import { negotiatedOf, type RtpStream } from "./description.ts";
import { masterKeyOf } from "./sdes.ts";
import { createSourceLock } from "./source-lock.ts";

/** What a channel uses of a UDP port. */
export type RtpSocket = Pick<
  UdpPort,
  "slab" | "reserve" | "commitRun" | "flush" | "send" | "pathOf" | "retain" | "release" | "addressOf" | "portOf"
>;

/** A port for RTP and the next one for RTCP (RFC 3550 §11). */
export interface SocketPair {
  readonly rtp: RtpSocket;
  readonly rtcp: RtpSocket;
}

export interface ChannelOptions {
  readonly participant: NodeParticipant;
  readonly router: Router;
  readonly flushes: FlushList;
  readonly maxBitrate: number;
  readonly stream: RtpStream;
  readonly sockets: SocketPair;
  /** Absent: nothing is heard. */
  readonly receive?: ChannelReceive | undefined;
  /** Absent: nothing is sent. */
  readonly send?: ChannelSend | undefined;
  readonly now: number;
}

export interface ChannelReceive {
  /** Hosts that may send; undefined: any, the first that does. */
  readonly from: readonly string[] | undefined;
  readonly srtp: SdesKey | undefined;
}

export interface ChannelSend {
  /** Undefined: to whoever is heard. */
  readonly destination: { readonly address: string; readonly port: number } | undefined;
  readonly srtp: SdesKey | undefined;
  /** Numbers of the only sources that are sent; undefined: all. */
  readonly only?: readonly number[] | undefined;
  /** Whether the mix is sent; undefined: what the room says. */
  readonly mix?: boolean | undefined;
}

/** One medium of a leg: what comes to its ports, or leaves from them. */
export interface Channel {
  /** Of what it sends, if it does. */
  readonly ssrc: number | undefined;
  /** Takes a datagram that came to one of its ports; its bytes are not kept. */
  receive(at: keyof SocketPair, bytes: Uint8Array, path: number, now: number): void;
  update(participant: NodeParticipant, now: number): void;
  /** Whom it sends to wants a key picture, and says so elsewhere than by RTCP. */
  refresh(now: number): void;
  readonly deadline: number;
  tick(now: number): void;
  count(tally: Tally): void;
  close(now: number): void;
}

const MIN_RTP = 12;
const MAX_DATAGRAM = 65_536;
/** Datagrams of all channels are copied here: decryption writes, and what runtimes hand out is no Buffer. */
const packet = Buffer.allocUnsafeSlow(MAX_DATAGRAM);

/** Takes runs for a port, which leave behind all others of the turn: it is another port's, so this one has no end of its own. */
function runsOf({ slab, reserve, commitRun, flush }: RtpSocket, flushes: FlushList): RunSink {
  let waiting = false;
  const port: Flushable = {
    flush() {
      waiting = false;
      flush();
    },
  };
  return {
    slab: Buffer.from(slab.buffer, slab.byteOffset, slab.byteLength),
    reserve,
    queueRun(path, _offset, segmentSize, totalLength) {
      commitRun(path, segmentSize, totalLength);
      if (waiting) return;
      waiting = true;
      flushes.add(port);
    },
  };
}

/** Encryption: a key for each direction in which media flows; where only one has a key the other can't be spoken in. */
function securityOf({ receive, send }: Pick<ChannelOptions, "receive" | "send">) {
  const [inward, outward] = [receive?.srtp, send?.srtp];
  if (!inward && !outward) return { inbound: createClearInbound(), outbound: createClearOutbound() };
  return {
    inbound: inward && createInboundSrtp({ master: masterKeyOf(inward) }),
    outbound: outward ? createOutboundSrtp({ master: masterKeyOf(outward) }) : createMuteOutbound(),
  };
}

function lineOf(stream: RtpStream, receives: boolean, sends: boolean): MediaLine {
  const audio = stream.media === "audio";
  const slot = { group: audio ? ("floating" as const) : ("video" as const), order: 0, stream: 0 };
  return {
    negotiated: negotiatedOf(stream, receives ? (sends ? "sendrecv" : "recvonly") : "sendonly"),
    role: { ...(receives && { source: audio ? 0 : 1 }), ...(sends && { slot }) },
    identity: sends ? createSlotIdentities()(stream.media, 0) : undefined,
    receives,
    sends,
  };
}

const PLI_LENGTH = 12;
/** Asks for a key picture (RFC 4585 §6.3.1). */
function pliOf(ssrc: number): Uint8Array {
  const pli = new Uint8Array(PLI_LENGTH);
  pli.set([0x81, 206, 0, 2]);
  writeUint32(pli, 8, ssrc);
  return pli;
}

/** @throws TandemError `bad-request` for a key that is none */
export function createChannel(options: ChannelOptions): Channel {
  const { sockets, receive, send, stream } = options;
  const receives = receive !== undefined;
  const srtp = receive?.srtp;
  const { inbound, outbound } = securityOf(options);
  const lock = createSourceLock(receive?.from);
  const counters = { strangers: 0, undecipherable: 0 };
  /** Paths that are heard or sent to, held; -1 for none. */
  const held = { rtp: -1, rtcp: -1 };
  let closed = false;

  function hold(at: keyof SocketPair, path: number): void {
    if (held[at] === path || path < 0) return;
    if (held[at] >= 0) sockets[at].release(held[at]);
    sockets[at].retain(path);
    held[at] = path;
  }

  const plane: MediaPlane = createMediaPlane({
    participant: options.participant,
    router: options.router,
    protector: outbound,
    runs: runsOf(sockets.rtp, options.flushes),
    flushes: options.flushes,
    ssrc: randomUint32(),
    cname: "tandem",
    reducedSize: false,
    maxBitrate: options.maxBitrate,
    only: send?.only && new Set(send.only),
    mixed: send?.mix,
    sendRtcp(bytes, length) {
      if (held.rtcp >= 0) sockets.rtcp.send(held.rtcp, bytes, 0, length);
    },
    listener: { slotChanged() {}, speakersChanged() {} },
  });

  /** Whether a datagram of whom isn't heard is the first of whom will be. */
  function admit(at: RtpSocket, path: number, authentic: boolean, now: number): boolean {
    const arrival = {
      address: at.addressOf(path),
      port: at.portOf(path),
      ssrc: readUint32(packet, 8),
      sequence: readUint16(packet, 2),
    };
    return lock.admit(arrival, authentic, now);
  }

  function receiveRtp(at: keyof SocketPair, length: number, path: number, now: number): void {
    if (!receives || at !== "rtp" || inbound === undefined || length < MIN_RTP) {
      counters.strangers++;
      return;
    }
    const known = path === held.rtp;
    // Whoever has no key is not heard out: what a stranger sends costs one decryption and changes nothing.
    if (!known && srtp === undefined && !admit(sockets.rtp, path, false, now)) {
      counters.strangers++;
      return;
    }
    const plain = inbound.unprotectRtp(packet, 0, length);
    if (plain <= 0) {
      counters.undecipherable++;
      return;
    }
    // Who comes from where signaling said needs no more proof, and is heard alone from then on.
    const isProved = known ? lock.address === undefined : srtp !== undefined;
    if (isProved && !admit(sockets.rtp, path, true, now)) {
      counters.strangers++;
      return;
    }
    hold("rtp", path);
    // What comes back by the way it came reaches who is behind a NAT.
    if (!known && send !== undefined) plane.setPath(path);
    lock.heard(now);
    plane.receiveRtp(packet, 0, plain, now);
  }

  function receiveRtcp(at: keyof SocketPair, length: number, path: number, now: number): void {
    const from = sockets[at].addressOf(path);
    if ((from !== lock.address && from !== send?.destination?.address) || inbound === undefined) {
      counters.strangers++;
      return;
    }
    const plain = inbound.unprotectRtcp(packet, 0, length);
    if (plain <= 0) {
      counters.undecipherable++;
      return;
    }
    // Where its reports come from ours are taken.
    if (receives && at === "rtcp") hold("rtcp", path);
    plane.receiveRtcp(packet, 0, plain, now);
  }

  const line = lineOf(stream, receives, send !== undefined);
  plane.apply([line], options.now);
  if (send?.destination) {
    const { address, port } = send.destination;
    hold("rtp", sockets.rtp.pathOf(address, port));
    hold("rtcp", sockets.rtcp.pathOf(address, port + 1));
    plane.setPath(held.rtp);
  }

  return {
    ssrc: line.identity?.ssrc,
    receive(at, bytes, path, now) {
      if (closed) return;
      const { length } = bytes;
      const kind = packetKind(bytes, 0, length);
      packet.set(bytes);
      if (kind === PacketKind.rtp) receiveRtp(at, length, path, now);
      else if (kind === PacketKind.rtcp) receiveRtcp(at, length, path, now);
      else counters.strangers++;
    },
    update: (participant, now) => plane.update(participant, now),
    refresh(now) {
      const ssrc = line.identity?.ssrc;
      if (ssrc !== undefined) plane.receiveRtcp(pliOf(ssrc), 0, PLI_LENGTH, now);
    },
    get deadline() {
      return plane.deadline;
    },
    tick: now => plane.tick(now),
    count(tally) {
      plane.count(tally);
      tally.add("gateway.rtp", counters);
    },
    close(now) {
      if (closed) return;
      closed = true;
      plane.close(now);
      inbound?.close();
      outbound.close();
      for (const at of ["rtp", "rtcp"] as const) if (held[at] >= 0) sockets[at].release(held[at]);
    },
  };
}

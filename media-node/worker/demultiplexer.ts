import { receiverUfrag } from "../ice/credentials.ts";
import { PacketKind, packetKind } from "../net/demux.ts";
import type { UdpPort } from "../net/udp-port.ts";
import type { SessionCounters } from "../session/counters.ts";
import type { Session } from "../session/session-contract.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../stun/constants.ts";
import { createStunMessage, findAttribute, parseStun, type StunMessage } from "../stun/message.ts";

/** Takes every packet of a worker's port to its session: STUN requests by ufrag, all else by path. */
export interface Demultiplexer {
  /** `bytes` are not kept. */
  receive(bytes: Uint8Array, path: number, now: number): void;
  /** The same for bytes that may be written to, and that are not copied therefore. */
  receiveInPlace(bytes: Buffer, offset: number, length: number, path: number, now: number): void;
  addUfrag(ufrag: string, session: Session): void;
  removeUfrag(ufrag: string): void;
  /** A path is a session's from now on; it was nobody's, or of one that is silent. */
  claim(path: number, session: Session): void;
  release(path: number, session: Session): void;
  /** Nothing can come or go on a path any more. */
  pathClosed(path: number): void;
  /** Whose packet is being handled, or was last. */
  readonly current: Session | undefined;
}

/** The TURN server that shares the port: it gets datagrams that are no session's. */
export interface TurnEntry {
  /** Last channel number that clients may use: beyond 0x4fff only old clients do, and nothing else begins with such bytes. */
  readonly maxChannel: number;
  /** `bytes` are not kept. */
  receive(path: number, bytes: Uint8Array): void;
}

/** Larger than any datagram. */
const MAX_DATAGRAM = 65_536;

type Paths = Pick<UdpPort, "retain" | "release" | "addressOf" | "portOf">;

/** Whether STUN is for a server: any method but ICE's own, or a Binding request that names nobody (RFC 8489 §12). */
const isForServer = (message: StunMessage): boolean =>
  message.method !== STUN_METHOD.binding ||
  (message.class === STUN_CLASS.request && findAttribute(message, STUN_ATTRIBUTE.username) < 0);

const isChannelData = (kind: PacketKind, first: number, { maxChannel }: TurnEntry): boolean =>
  kind === PacketKind.turnChannel || (kind === PacketKind.unknown && first >= 80 && first <= maxChannel >> 8);

/** @param turn absent: STUN and TURN for a server are unknown here */
export function createDemultiplexer(counters: SessionCounters, paths: Paths, turn?: TurnEntry): Demultiplexer {
  const ufrags = new Map<string, Session>();
  /** By path. */
  const owners: (Session | undefined)[] = [];
  const message = createStunMessage();
  // Bun hands out Uint8Arrays; the forwarding plane copies payloads as Buffers do.
  const packet = Buffer.allocUnsafeSlow(MAX_DATAGRAM);
  let current: Session | undefined;
  let kind: PacketKind = PacketKind.unknown;

  /** @param server who gets what is for a server; a relay or ICE's own TCP connection leads to none */
  function receiveStun(
    bytes: Uint8Array,
    offset: number,
    length: number,
    path: number,
    now: number,
    server: TurnEntry | undefined,
  ): void {
    if (!parseStun(message, bytes, offset, length)) {
      counters["stun.malformed"]++;
      return;
    }
    if (server !== undefined && isForServer(message)) {
      server.receive(path, bytes);
      return;
    }
    const owner = owners[path];
    const ufrag = message.class === STUN_CLASS.request ? receiverUfrag(message) : undefined;
    const session = ufrag === undefined ? owner : ufrags.get(ufrag);
    if (session === undefined) {
      counters["stun.unknown"]++;
      return;
    }
    // A forged source address must not take a path away from whoever is heard there.
    if (owner !== undefined && owner !== session && !owner.silent) {
      counters["stun.refused"]++;
      return;
    }
    current = session;
    session.handleStun(bytes, offset, length, path, paths.addressOf(path), paths.portOf(path), now);
  }

  /** Handles what needs no session's keys. @returns whose it is otherwise, of the present `kind` */
  function sort(
    bytes: Uint8Array,
    offset: number,
    length: number,
    path: number,
    now: number,
    server: TurnEntry | undefined,
  ): Session | undefined {
    current = undefined;
    kind = packetKind(bytes, offset, length);
    if (kind === PacketKind.stun) {
      receiveStun(bytes, offset, length, path, now, server);
      return undefined;
    }
    if (server !== undefined && isChannelData(kind, bytes[offset]!, server)) {
      server.receive(path, bytes);
      return undefined;
    }
    if (kind === PacketKind.unknown || kind === PacketKind.turnChannel) {
      counters["packet.unknown"]++;
      return undefined;
    }
    current = owners[path];
    if (current === undefined) counters["packet.stranger"]++;
    return current;
  }

  function deliver(session: Session, bytes: Buffer, offset: number, length: number, path: number, now: number): void {
    if (kind === PacketKind.rtp) session.handleRtp(bytes, offset, length, path, now);
    else if (kind === PacketKind.rtcp) session.handleRtcp(bytes, offset, length, path, now);
    else session.handleDtls(bytes, offset, length, path, now);
  }

  return {
    receive(bytes, path, now) {
      const { length } = bytes;
      const session = sort(bytes, 0, length, path, now, turn);
      if (session === undefined) return;
      packet.set(bytes);
      deliver(session, packet, 0, length, path, now);
    },
    receiveInPlace(bytes, offset, length, path, now) {
      const session = sort(bytes, offset, length, path, now, undefined);
      if (session !== undefined) deliver(session, bytes, offset, length, path, now);
    },
    addUfrag(ufrag, session) {
      ufrags.set(ufrag, session);
    },
    removeUfrag(ufrag) {
      ufrags.delete(ufrag);
    },
    claim(path, session) {
      const before = owners[path];
      if (before === session) return;
      if (before === undefined) paths.retain(path);
      else before.pathLost(path);
      owners[path] = session;
    },
    release(path, session) {
      if (owners[path] !== session) return;
      owners[path] = undefined;
      paths.release(path);
    },
    pathClosed(path) {
      const owner = owners[path];
      if (owner === undefined) return;
      owners[path] = undefined;
      owner.pathLost(path);
      paths.release(path);
    },
    get current() {
      return current;
    },
  };
}

import { receiverUfrag } from "../ice/credentials.ts";
import { PacketKind, packetKind } from "../net/demux.ts";
import type { UdpPort } from "../net/udp-port.ts";
import type { SessionCounters } from "../session/counters.ts";
import type { Session } from "../session/session-contract.ts";
import { STUN_CLASS } from "../stun/constants.ts";
import { createStunMessage, parseStun } from "../stun/message.ts";

/** Takes every datagram of a worker's port to its session: STUN requests by ufrag, all else by path. */
export interface Demultiplexer {
  /** `bytes` are not kept. */
  receive(bytes: Uint8Array, path: number, now: number): void;
  addUfrag(ufrag: string, session: Session): void;
  removeUfrag(ufrag: string): void;
  /** A path is a session's from now on; it was nobody's, or of one that is silent. */
  claim(path: number, session: Session): void;
  release(path: number, session: Session): void;
  /** Whose packet is being handled, or was last. */
  readonly current: Session | undefined;
}

/** Larger than any datagram. */
const MAX_DATAGRAM = 65_536;

type Paths = Pick<UdpPort, "retain" | "release" | "addressOf" | "portOf">;

export function createDemultiplexer(counters: SessionCounters, paths: Paths): Demultiplexer {
  const ufrags = new Map<string, Session>();
  /** By path. */
  const owners: (Session | undefined)[] = [];
  const message = createStunMessage();
  // Bun hands out Uint8Arrays; the forwarding plane copies payloads as Buffers do.
  const packet = Buffer.allocUnsafeSlow(MAX_DATAGRAM);
  let current: Session | undefined;

  function receiveStun(bytes: Uint8Array, path: number, now: number): void {
    if (!parseStun(message, bytes, 0, bytes.length)) {
      counters["stun.malformed"]++;
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
    session.handleStun(bytes, 0, bytes.length, path, paths.addressOf(path), paths.portOf(path), now);
  }

  return {
    receive(bytes, path, now) {
      current = undefined;
      const { length } = bytes;
      const kind = packetKind(bytes, 0, length);
      if (kind === PacketKind.stun) {
        receiveStun(bytes, path, now);
        return;
      }
      if (kind === PacketKind.unknown || kind === PacketKind.turnChannel) {
        counters["packet.unknown"]++;
        return;
      }
      const session = owners[path];
      if (session === undefined) {
        counters["packet.stranger"]++;
        return;
      }
      current = session;
      packet.set(bytes);
      if (kind === PacketKind.rtp) session.handleRtp(packet, 0, length, path, now);
      else if (kind === PacketKind.rtcp) session.handleRtcp(packet, 0, length, path, now);
      else session.handleDtls(packet, 0, length, path, now);
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
    get current() {
      return current;
    },
  };
}

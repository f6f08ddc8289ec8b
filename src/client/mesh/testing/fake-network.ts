import type { VirtualTime } from "../../core/testing/virtual-time.ts";

/** A connection as the network sees it. */
export interface Endpoint {
  /** Credentials in use: set when a negotiation is complete. */
  readonly local: string | undefined;
  readonly remote: string | undefined;
  readonly candidates: number;
  /** The network that the local candidates were gathered on. */
  readonly gatheredOn: number;
  /** The network that its host is on now. */
  readonly network: number;
  readonly closed: boolean;
  /** The other end of the DTLS association; it never changes. */
  partner: Endpoint | undefined;
  ice(state: RTCIceConnectionState): void;
}

const DISCONNECTED = 5_000;
const FAILED = 15_000;

/** Decides which connections have a path, and tells them. */
export interface FakeNetwork {
  readonly endpoints: Set<Endpoint>;
  /** Whether packets pass at all. */
  up: boolean;
  /** Something that matters for connectivity has changed. */
  touch(): void;
}

/** Make a network in virtual time. */
export function createFakeNetwork(time: VirtualTime): FakeNetwork {
  const lostSince = new Map<Endpoint, { at: number; local: string }>();

  const peerOf = (end: Endpoint): Endpoint | undefined => {
    for (const other of network.endpoints)
      if (!other.closed && other.local === end.remote && other !== end) return other;
    return undefined;
  };
  const passes = (end: Endpoint, peer: Endpoint): boolean =>
    network.up &&
    peer.remote === end.local &&
    // Stricter than ICE, which can do with one side's: behind two NATs it can't.
    [end, peer].every(({ candidates }) => candidates > 0) &&
    [end, peer].every(({ gatheredOn, network }) => gatheredOn === network) &&
    (end.partner ?? peer) === peer &&
    (peer.partner ?? end) === end;

  const judge = (end: Endpoint): void => {
    if (!end.local || !end.remote || end.closed) return;
    const peer = peerOf(end);
    if (peer && passes(end, peer)) {
      end.partner = peer;
      peer.partner = end;
      lostSince.delete(end);
      end.ice("connected");
      return;
    }
    const known = lostSince.get(end);
    const lost = known?.local === end.local ? known : { at: time.now(), local: end.local };
    if (lost !== known) {
      lostSince.set(end, lost);
      if (!end.partner || known) end.ice("checking");
      for (const wait of [DISCONNECTED, FAILED]) time.setTimer(() => judge(end), wait);
    }
    const waited = time.now() - lost.at;
    if (waited >= FAILED) end.ice("failed");
    else if (waited >= DISCONNECTED && end.partner) end.ice("disconnected");
  };

  let planned = false;
  const network: FakeNetwork = {
    endpoints: new Set(),
    up: true,
    touch() {
      if (planned) return;
      planned = true;
      time.setTimer(() => {
        planned = false;
        for (const end of network.endpoints) judge(end);
      }, 5);
    },
  };
  return network;
}

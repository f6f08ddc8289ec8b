import type { VirtualTime } from "../../core/testing/virtual-time.ts";
import type { Endpoint, FakeNetwork } from "./fake-network.ts";

export interface FakeIceOptions {
  readonly time: VirtualTime;
  readonly network: FakeNetwork;
  /** Credentials that both have agreed on. */
  agreed(): { local: string | undefined; remote: string | undefined };
  /** Whether a description in use has these credentials. */
  used(ufrag: string): boolean;
  candidate(candidate: { candidate: string; usernameFragment: string } | null): void;
  stateChanged(): void;
}

/** Gathering and connectivity of one connection. */
export interface FakeIce {
  readonly state: RTCIceConnectionState;
  /** Begin to gather for new credentials. */
  gather(ufrag: string): void;
  /** Candidates gathered so far. */
  gathered(ufrag: string): number;
  /** Candidates of the peer, in a description (their number so far) or trickled. */
  learn(ufrag: string, total?: number): void;
  /** The host is on another network: what was gathered before leads nowhere. */
  move(): void;
  close(): void;
  readonly endpoint: Endpoint;
}

/** Make the ICE part of a fake connection. */
export function createFakeIce({ time, network, ...options }: FakeIceOptions): FakeIce {
  const gathered = new Map<string, { count: number; network: number }>();
  const learned = new Map<string, number>();
  let state: RTCIceConnectionState = "new";
  let onNetwork = 0;
  let closed = false;

  const endpoint: Endpoint = {
    get local() {
      return options.agreed().local;
    },
    get remote() {
      return options.agreed().remote;
    },
    get candidates() {
      return learned.get(options.agreed().remote ?? "") ?? 0;
    },
    get gatheredOn() {
      return gathered.get(options.agreed().local ?? "")?.network ?? 0;
    },
    get network() {
      return onNetwork;
    },
    get closed() {
      return closed;
    },
    partner: undefined,
    ice(next) {
      // Once failed, only a restart helps; the network says checking when it sees one.
      if (closed || state === next || (state === "failed" && next !== "checking")) return;
      state = next;
      options.stateChanged();
    },
  };
  network.endpoints.add(endpoint);

  return {
    get state() {
      return state;
    },
    gather(ufrag) {
      const found = { count: 0, network: onNetwork };
      gathered.set(ufrag, found);
      for (const wait of [4, 40]) {
        time.setTimer(() => {
          if (closed || !options.used(ufrag)) return;
          found.count++;
          const candidate = `candidate:${found.count} 1 udp 1 192.0.2.1 ${wait} typ host`;
          options.candidate({ candidate, usernameFragment: ufrag });
        }, wait);
      }
      time.setTimer(() => options.candidate(null), 100);
    },
    gathered: ufrag => gathered.get(ufrag)?.count ?? 0,
    learn(ufrag, total) {
      const known = learned.get(ufrag) ?? 0;
      learned.set(ufrag, total ?? known + 1);
      network.touch();
    },
    move() {
      onNetwork++;
      network.touch();
    },
    close() {
      closed = true;
      network.endpoints.delete(endpoint);
      network.touch();
    },
    endpoint,
  };
}

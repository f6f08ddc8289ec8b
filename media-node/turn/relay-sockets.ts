import { allocatePinned } from "../native/ffi.ts";
import { formatAddress } from "../net/address.ts";
import { loadLinuxLibc } from "../net/linux-libc.ts";
import { openNodeSocket } from "../net/node-socket.ts";
import type { UdpSocket } from "../net/udp-socket.ts";
import { STUN_FAMILY } from "../stun/constants.ts";
import type { Relay } from "./allocation.ts";
import type { RelayAddress } from "./context.ts";
import type { RelayIo } from "./io.ts";
import type { Poller } from "./poller.ts";
import { openRelayBunSocket } from "./relay-bun-socket.ts";
import { createRelaySender, type RelayCounters } from "./relay-sender.ts";
import type { Turns } from "./turns.ts";

export interface RelaySocketsOptions {
  readonly addresses: readonly RelayAddress[];
  readonly turns: Turns;
  /** Reads the sockets under load. */
  readonly poller?: Poller;
  /** The sockets' tags at the poller begin here. */
  readonly firstTag: number;
  readonly maxPeers: number;
  readonly onPacket: (
    relay: Relay,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: string,
    port: number,
    now: number,
  ) => void;
}

export interface RelaySockets {
  readonly io: RelayIo;
  readonly counters: RelayCounters;
  /** A datagram that the poller read; see `DatagramReceiver`. */
  receivePolled(tag: number, bytes: Uint8Array, offset: number, length: number, ipv4: number, port: number): void;
  flush(): void;
  close(): Promise<void>;
}

/** Holds a flow's packets for some 20 ms at 100 Mbit/s; the kernel takes the memory only when it is needed. */
const BUFFER_BYTES = 256 * 1024;

/** Datagrams that the runtime may deliver in a turn before sockets are paused. */
const MAX_TURN = 1024;

const IPPROTO_IP = 0;
const IP_MTU_DISCOVER = 10;
const IPPROTO_IPV6 = 41;
const IPV6_MTU_DISCOVER = 23;
/** IP_PMTUDISC_WANT, Linux's default, and IP_PMTUDISC_DO. */
const PMTU_WANT = 1;
const PMTU_DO = 2;

/** The sockets of relays, one each. */
export function createRelaySockets(options: RelaySocketsOptions): RelaySockets {
  const { addresses, turns, poller, firstTag, maxPeers, onPacket } = options;
  const libc = loadLinuxLibc();
  const openSocket = "Bun" in globalThis ? openRelayBunSocket : openNodeSocket;
  const sender = createRelaySender(libc, maxPeers);
  const sockets: (UdpSocket | undefined)[] = [];
  const relays: (Relay | undefined)[] = [];
  const unused: number[] = [];
  const option = libc && allocatePinned(libc.ffi, 16);
  const paused: UdpSocket[] = [];
  let inTurn = 0;
  let isClosed = false;

  /** Bun reads a socket until it is empty: a flood would keep it from everything else. */
  function pause(relay: Relay): void {
    const socket = sockets[relay.handle];
    if (!socket) return;
    socket.pause();
    paused.push(socket);
  }

  function flush(): void {
    inTurn = 0;
    for (const socket of paused) socket.resume();
    paused.length = 0;
    sender.flush();
  }

  async function open(relay: Relay): Promise<boolean> {
    const at = addresses.find(({ family }) => family === relay.family);
    if (!at || isClosed) return false;
    try {
      const socket = await openSocket({
        address: formatAddress(at.local),
        port: relay.port,
        family: relay.family === STUN_FAMILY.ipv4 ? 4 : 6,
        bufferBytes: BUFFER_BYTES,
        libc,
        onDatagram(bytes, port, address) {
          onPacket(relay, bytes, 0, bytes.length, address, port, turns.begin());
          if (++inTurn > MAX_TURN) pause(relay);
        },
        onError: () => {},
      });
      relay.handle = unused.pop() ?? sockets.length;
      sockets[relay.handle] = socket;
      relays[relay.handle] = relay;
      if (socket.fd !== undefined) poller?.add(firstTag + relay.handle, socket.fd, () => socket.fd);
      return true;
    } catch {
      // Taken by another program, or out of descriptors: the caller tries elsewhere or refuses.
      return false;
    }
  }

  function forbidFragments(socket: UdpSocket, isForbidden: boolean): void {
    if (!libc || !option || socket.fd === undefined) return;
    const isIpv4 = socket.local.family === 4;
    new Int32Array(option.bytes.buffer)[0] = isForbidden ? PMTU_DO : PMTU_WANT;
    const [level, name] = isIpv4 ? [IPPROTO_IP, IP_MTU_DISCOVER] : [IPPROTO_IPV6, IPV6_MTU_DISCOVER];
    libc.call.setsockopt(socket.fd, level, name, libc.ffi.pointer(option.address), 4);
  }

  return {
    counters: sender.counters,
    receivePolled(tag, bytes, offset, length, ipv4, port) {
      const relay = relays[tag - firstTag];
      if (!relay) return;
      const now = turns.begin();
      // Packets come in rows: the newest peer's address needn't be spelled again.
      const last = relay.lastPermission;
      const address = last && last.ipv4 === ipv4 && ipv4 >= 0 ? last.key : poller!.sender();
      onPacket(relay, bytes, offset, length, address, port, now);
    },
    flush,
    io: {
      slab: sender.slab,
      canForbidFragments: libc !== undefined,
      open(relay, opened) {
        void open(relay).then(ok => {
          turns.begin();
          opened(ok);
        });
      },
      close(relay) {
        flush();
        void sockets[relay.handle]?.close();
        sockets[relay.handle] = undefined;
        relays[relay.handle] = undefined;
        poller?.remove(firstTag + relay.handle);
        unused.push(relay.handle);
        relay.handle = -1;
      },
      reserve: sender.reserve,
      commit(relay, peer, length) {
        const socket = sockets[relay.handle];
        if (socket) sender.commit(socket, peer, length);
      },
      commitUnfragmented(relay, peer, length) {
        const socket = sockets[relay.handle];
        if (!socket) return;
        sender.commit(socket, peer, length);
        // What was queued before leaves with it: none of it is hurt by a DF bit that Linux mostly sets anyway.
        forbidFragments(socket, true);
        sender.flush();
        forbidFragments(socket, false);
      },
      rememberPeer: sender.rememberPeer,
      forgetPeer: sender.forgetPeer,
      passingPeer: sender.passingPeer,
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await Promise.all(sockets.map(socket => socket?.close()));
      sender.close();
      option?.release();
    },
  };
}

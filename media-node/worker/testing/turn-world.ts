import { parseAddress } from "../../net/address.ts";
import { STUN_ATTRIBUTE, STUN_FAMILY } from "../../stun/constants.ts";
import { attributeLength, createStunMessage, findAttribute, parseStun } from "../../stun/message.ts";
import type { Relay } from "../../turn/allocation.ts";
import type { RelayIo } from "../../turn/io.ts";
import { createTurnServer, type TurnServer } from "../../turn/server.ts";
import { createClient, type TestClient } from "../../turn/testing/test-client.ts";
import { mediaTransport } from "../open-turn.ts";
import { createRelayPaths, type RelayPathCounters } from "../relay-paths.ts";
import type { ModelClient } from "./model-client.ts";
import { createWorld, participantOf, pidOf, type World } from "./model-world.ts";

/** Where the media port and the relays are. */
export const NODE = "198.51.100.1";
export const MEDIA_PORT = 7_003;
/** Where the client of TURN is. */
export const BEHIND_NAT = "192.0.2.200";
const CHANNEL = 0x4000;

/** A world whose worker serves TURN beside its sessions, and one client of that: user `alice`, password `wonderland`. */
export interface TurnWorld {
  readonly world: World;
  readonly server: TurnServer;
  readonly turn: TestClient;
  readonly local: Readonly<RelayPathCounters>;
  /** How many datagrams relays sent by sockets. */
  readonly bySocket: number;
  /** Joins by a relay to the media port: by a channel, or by Send and Data indications. */
  join(number: number, by: "channel" | "send"): Promise<ModelClient>;
}

export function createTurnWorld(): TurnWorld {
  let now = (): number => 0;
  let server: TurnServer | undefined;
  let local: Readonly<RelayPathCounters> | undefined;
  let tunnelled: ModelClient | undefined;
  let isTunnelling = false;
  const socket = countingIo();
  const inbox: Uint8Array[] = [];
  const message = createStunMessage();

  const world = createWorld((port, worker, clock) => {
    now = clock;
    const relays = createRelayPaths({
      udp: { ...port, enterTurn: clock },
      addresses: [parseAddress(NODE)!],
      port: MEDIA_PORT,
      announced: () => NODE,
      receiver: worker,
      receiveFromPeer: (...packet) => server?.receiveFromPeer(...packet),
      begin: clock,
      timeOrigin: 0,
    });
    ({ counters: local } = relays);
    const address = parseAddress(NODE)!;
    const own = {
      family: STUN_FAMILY.ipv4,
      address,
      kind: "media",
      admits: (at: number) => at === MEDIA_PORT,
    } as const;
    server = createTurnServer({
      realm: "tandem",
      users: { alice: "wonderland" },
      secrets: [],
      relayAddresses: [{ family: STUN_FAMILY.ipv4, local: address, announced: address }],
      ports: [50_000, 50_099],
      limits: { perIdentity: 0, total: 0, bytesPerSecond: 0, maxChannel: 0x4fff },
      policy: { own: [{ family: STUN_FAMILY.ipv4, first: address, last: address }], allowances: [own] },
      challenges: { perSecond: 0, burst: 0 },
      nonceLifetime: 600,
      io: socket.io,
      local: relays.peers,
      unixSeconds: () => clock() / 1_000,
    });
    const inlet = server.attach(mediaTransport(port));
    return {
      entry: {
        maxChannel: 0x4fff,
        receive: (path, bytes) => inlet.receive(path, bytes, 0, bytes.length, clock()),
      },
      port: relays.port,
      deliver(bytes, to) {
        if (to !== BEHIND_NAT) return false;
        const payload = payloadOf(bytes);
        if (payload) tunnelled?.handle(payload, clock());
        else inbox.push(bytes);
        return true;
      },
    };
  });

  /** What a peer sent, or undefined for an answer of the server. */
  function payloadOf(bytes: Uint8Array): Uint8Array | undefined {
    if (bytes[0]! >= 0x40) return bytes.slice(4);
    const at = parseStun(message, bytes, 0, bytes.length) ? findAttribute(message, STUN_ATTRIBUTE.data) : -1;
    return at < 0 ? undefined : bytes.slice(at + 4, at + 4 + attributeLength(message, at));
  }

  const turn = createClient(
    {
      get now() {
        return now();
      },
    },
    {
      receive(_client, bytes) {
        world.inject(bytes, BEHIND_NAT);
        // The answer to a request is there when this returns; what is tunnelled takes its time.
        if (!isTunnelling) world.settle();
      },
      closed() {},
      hasAllocation: () => true,
    },
    0,
    inbox,
    {},
  );

  return {
    world,
    server: server!,
    turn,
    local: local!,
    get bySocket() {
      return socket.sent();
    },
    async join(number, by) {
      const peer = `${NODE}:${MEDIA_PORT}`;
      turn.allocate();
      if (by === "channel") turn.bind(CHANNEL, peer);
      else turn.permit(peer);
      const client = world.client(number, {
        address: "relayed",
        send(bytes) {
          isTunnelling = true;
          if (by === "channel") turn.channelData(CHANNEL, bytes);
          else turn.send(peer, bytes);
          isTunnelling = false;
        },
      });
      tunnelled = client;
      await world.command({ type: "participant.put", participant: participantOf(number) });
      const { answer } = await world.command({ type: "session.open", pid: pidOf(number), offer: client.offer() });
      client.accept(answer!.sdp);
      world.run(500);
      return client;
    },
  };
}

/** Relays without sockets, which count what they are to send. */
function countingIo(): { io: RelayIo; sent: () => number } {
  let sent = 0;
  const count = (): void => void sent++;
  const io: RelayIo = {
    slab: new Uint8Array(128 * 1024),
    canForbidFragments: true,
    open(relay: Relay, opened) {
      relay.handle = relay.port;
      opened(true);
    },
    close(relay) {
      relay.handle = -1;
    },
    reserve: () => 0,
    commit: count,
    commitUnfragmented: count,
    rememberPeer: () => 0,
    forgetPeer() {},
    passingPeer: () => 0,
  };
  return { io, sent: () => sent };
}

import type { SignalingOptions } from "../core/signaling.ts";
import { connect } from "../core/signaling.ts";
import { createFakeSurroundings, seeded } from "../core/testing/fake-surroundings.ts";
import { createModelRoom, type ModelRoom } from "../core/testing/model-room.ts";
import { createVirtualTime, type VirtualTime } from "../core/testing/virtual-time.ts";
import { createWire, type Wire } from "../core/testing/wire.ts";
import type { MediaHost } from "../media-path.ts";
import { createFakeConnection, type FakeConnection } from "../mesh/testing/fake-connection.ts";
import { createFakeNetwork, type FakeNetwork } from "../mesh/testing/fake-network.ts";
import { createRoom } from "../room.ts";
import type { Room } from "../types.ts";
import { fakeStream } from "./fake-media.ts";

/** One SDK client in a model call. */
export interface Caller {
  readonly room: Room;
  readonly wire: Wire;
  readonly host: ReturnType<typeof createFakeSurroundings>;
  /** All connections it ever made. */
  readonly connections: FakeConnection[];
  /** What its `error` event told. */
  readonly errors: Error[];
}

/** A room, a network and SDK clients, in one virtual time. */
export interface ModelCall {
  readonly time: VirtualTime;
  readonly room: ModelRoom;
  readonly network: FakeNetwork;
  join(identity: string, options?: Partial<SignalingOptions>): Promise<Caller>;
}

/** Make a call whose steps take times drawn from `seed`. `delay`: signaling one way, in ms. */
export function createModelCall({ seed = 1, delay = 10 } = {}): ModelCall {
  const time = createVirtualTime();
  const room = createModelRoom(time.now);
  const network = createFakeNetwork(time);
  const random = seeded(seed);
  return {
    time,
    room,
    network,
    async join(identity, options) {
      const wire = createWire(time, delay, room.accept);
      const host = createFakeSurroundings(time, wire.openSocket, random);
      const connections: FakeConnection[] = [];
      const media: MediaHost = {
        createConnection(configuration) {
          const latency = (): number => Math.floor(random() * 15);
          const connection = createFakeConnection(time, network, latency, configuration);
          connections.push(connection);
          return connection as unknown as RTCPeerConnection;
        },
        createStream: fakeStream,
      };
      const joining = connect({
        url: "https://edge.example",
        token: identity,
        room: "model",
        surroundings: host,
        ...options,
      });
      await time.advance(10 * delay);
      const signaling = await joining;
      const errors: Error[] = [];
      signaling.on("error", error => errors.push(error));
      return { room: createRoom({ signaling, surroundings: host, host: media }), wire, host, connections, errors };
    },
  };
}

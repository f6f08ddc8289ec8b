import { connect, type Signaling, type SignalingOptions } from "../signaling.ts";
import { createFakeSurroundings, type FakeSurroundings } from "./fake-surroundings.ts";
import { createModelRoom, type ModelRoom } from "./model-room.ts";
import { createVirtualTime, type VirtualTime } from "./virtual-time.ts";
import { createWire, type Wire } from "./wire.ts";

/** One way, in ms. */
export const DELAY = 10;

/** One client's host and its own wire to the room. */
export interface ModelClient {
  readonly host: FakeSurroundings;
  readonly wire: Wire;
  readonly joining: Promise<Signaling>;
}

/** A model room with clients around it, all in one virtual time. */
export interface ModelEdge {
  readonly time: VirtualTime;
  readonly room: ModelRoom;
  /** Begin to join as `identity`. */
  start(identity: string, options?: Partial<SignalingOptions> & { random?: () => number }): ModelClient;
  /** Join and wait for the snapshot. */
  join(identity: string, options?: Partial<SignalingOptions>): Promise<ModelClient & { signaling: Signaling }>;
}

/** Make a room and its time. */
export function createModelEdge(): ModelEdge {
  const time = createVirtualTime();
  const room = createModelRoom(time.now);
  const edge: ModelEdge = {
    time,
    room,
    start(identity, { random, ...options } = {}) {
      const wire = createWire(time, DELAY, room.accept);
      const host = createFakeSurroundings(time, wire.openSocket, random);
      const joining = connect({
        url: "https://edge.example",
        token: identity,
        room: "model",
        surroundings: host,
        ...options,
      });
      joining.catch(() => {});
      return { host, wire, joining };
    },
    async join(identity, options) {
      const client = edge.start(identity, options);
      await time.advance(100);
      return { ...client, signaling: await client.joining };
    },
  };
  return edge;
}

import type { Assignment, LinkCommand, NodeParticipant } from "../../../src/protocol/index.ts";
import { MEMBER_GRANTS } from "../../../src/protocol/index.ts";
import { createLog } from "../../log.ts";
import type { TurnEntry } from "../demultiplexer.ts";
import { createMediaWorker, type MediaWorker, type MediaWorkerOptions, type PacketPort } from "../media-worker.ts";
import type { Outcome } from "../messages.ts";
import { createModelClient, type ModelClient, type ModelClientOptions } from "./model-client.ts";
import { createModelPort, type ModelPort } from "./model-port.ts";

type Frame = Parameters<MediaWorkerOptions["report"]>[0];
type Body<T> = T extends LinkCommand ? Omit<T, "id" | keyof Assignment> & Partial<Assignment> : never;

/** A worker and its clients on a perfect network, in virtual time. */
export interface World {
  readonly worker: MediaWorker;
  readonly port: ModelPort;
  readonly now: number;
  readonly reports: readonly Frame[];
  /** Lines that were logged as errors. */
  readonly errors: readonly string[];
  /** Commands the worker; room, life and epoch may be left out. */
  command(body: Body<LinkCommand>): Promise<Outcome>;
  join(number: number, options?: JoinOptions): Promise<ModelClient>;
  client(number: number, options?: Partial<ModelClientOptions>): ModelClient;
  /** Somebody at an address sends a datagram. */
  inject(bytes: Uint8Array, address: string, port?: number): void;
  /** Has what was injected handled now. */
  settle(): void;
  /** Lets time pass, calling `each` every 20 ms. */
  run(milliseconds: number, each?: (tick: number) => void): void;
  count(name: string): number;
}

export interface JoinOptions extends Partial<ModelClientOptions> {
  readonly participant?: Partial<NodeParticipant>;
}

/** A TURN server that shares the worker's port; see `turn-world.ts`. */
export interface WorldTurn {
  readonly entry: TurnEntry;
  /** The port as sessions use it. */
  readonly port: PacketPort;
  /** Takes what is sent to an address; false where that is no client of its. */
  deliver(bytes: Uint8Array, address: string): boolean;
}

export const ROOM: Assignment = { room: "room", life: "lifelife", epoch: 1 };
const STEP = 5;
const TICK = 20;
const PORT = 5_000;

export const pidOf = (number: number): string => `p_${String(number).padStart(8, "0")}`;
export const addressOf = (number: number): string => `192.0.2.${number}`;

/** Somebody with microphone and camera who may do everything. */
export function participantOf(number: number, more: Partial<NodeParticipant> = {}): NodeParticipant {
  return {
    pid: pidOf(number),
    number,
    grants: MEMBER_GRANTS,
    sources: [
      { number: number * 16, kind: "mic", muted: false },
      { number: number * 16 + 1, kind: "camera", muted: false },
    ],
    ...more,
  };
}

/** @param serveTurn makes a TURN server beside the sessions; its functions are called once there is a worker */
export function createWorld(
  serveTurn?: (port: ModelPort, worker: () => MediaWorker, clock: () => number) => WorldTurn,
): World {
  let now = 1_790_000_000_000;
  const clients: ModelClient[] = [];
  const reports: Frame[] = [];
  const errors: string[] = [];
  const arriving: { bytes: Uint8Array; path: number }[] = [];
  const port = createModelPort((bytes, address) => {
    if (turn?.deliver(bytes, address)) return;
    for (const client of clients) if (client.address === address) client.handle(bytes, now);
  });
  const turn: WorldTurn | undefined = serveTurn?.(
    port,
    () => worker,
    () => now,
  );
  const worker = createMediaWorker({
    id: 3,
    port: turn?.port ?? port,
    ...(turn && { turn: turn.entry }),
    addresses: [{ protocol: "udp", address: "198.51.100.1", port: 7_003 }],
    maxBitrate: 4_000_000,
    log: createLog("error", {}, line => errors.push(line)),
    report: frame => reports.push(frame),
    now,
  });

  const world: World = {
    worker,
    port,
    get now() {
      return now;
    },
    reports,
    errors,
    command: async body => worker.execute({ id: 1, ...ROOM, ...body } as LinkCommand, now),
    client(number, options) {
      const client = createModelClient({
        address: addressOf(number),
        send: bytes => world.inject(bytes, client.address),
        ...options,
      });
      clients.push(client);
      return client;
    },
    async join(number, { participant, ...options } = {}) {
      const client = world.client(number, options);
      await world.command({ type: "participant.put", participant: participantOf(number, participant) });
      const { answer } = await world.command({ type: "session.open", pid: pidOf(number), offer: client.offer() });
      client.accept(answer!.sdp);
      world.run(500);
      return client;
    },
    inject(bytes, address, from = PORT) {
      arriving.push({ bytes: new Uint8Array(bytes), path: port.pathOf(address, from) });
    },
    settle() {
      const batch = arriving.splice(0);
      for (const { bytes, path } of batch) worker.receive(bytes, path, now);
      if (batch.length > 0) worker.endBatch(now);
      (turn?.port ?? port).flush();
    },
    run(milliseconds, each) {
      for (const end = now + milliseconds; now < end; ) {
        now += STEP;
        world.settle();
        if (now % TICK !== 0) continue;
        if (worker.busy) worker.tick(now);
        for (const client of clients) client.tick(now);
        each?.(now);
      }
    },
    count: name => worker.counters()[name] ?? 0,
  };
  return world;
}

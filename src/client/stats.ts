/**
 * How good the connections are, and why not better.
 * @module
 */
import { createFiguresReader } from "./stats/figures.ts";
import { judge, type Quality, worse } from "./stats/judge.ts";
import type { Room } from "./types.ts";

export type { Figures } from "./stats/figures.ts";
export type { Quality, Reason, Score } from "./stats/judge.ts";

/** Time between two readings, in ms. */
const PERIOD = 2_000;

/**
 * Every two seconds call `listener` with the quality of the connection to each participant, by its id; under one's own id
 * stands the worst. The result stops it.
 */
export function watchQuality(
  room: Room,
  listener: (qualities: ReadonlyMap<string, Quality>) => void,
  { signal }: { signal?: AbortSignal } = {},
): () => void {
  const readers = new WeakMap<RTCPeerConnection, ReturnType<typeof createFiguresReader>>();
  let stopped = signal?.aborted === true;

  const measure = async (connection: RTCPeerConnection): Promise<Quality> => {
    const read = readers.get(connection) ?? createFiguresReader();
    readers.set(connection, read);
    const interrupted = connection.connectionState === "disconnected" || connection.connectionState === "failed";
    return judge(read(await connection.getStats()), interrupted);
  };
  const look = async (): Promise<void> => {
    const open = room.connections.filter(({ connection }) => connection.connectionState !== "new");
    const qualities = new Map<string, Quality>();
    const { you, participants } = room.store.get();
    let worst: Quality | undefined;
    const note = (pid: string, quality: Quality): void => {
      const other = qualities.get(pid);
      qualities.set(pid, other ? worse(other, quality) : quality);
    };
    for (const { pid, connection } of open) {
      const quality = await measure(connection);
      for (const of of pid === undefined ? participants.map(participant => participant.pid) : [pid]) note(of, quality);
      worst = worst ? worse(worst, quality) : quality;
    }
    if (worst) qualities.set(you.pid, worst);
    if (!stopped) listener(qualities);
  };
  // A connection that closes while it is read has no figures; the next reading goes without it.
  const timer = setInterval(() => void look().catch(() => {}), PERIOD);
  const stop = (): void => {
    stopped = true;
    clearInterval(timer);
  };
  if (stopped) stop();
  signal?.addEventListener("abort", stop, { once: true });
  return stop;
}

import { type ReadonlySignal, signal } from "@preact/signals";
import { loadSpeaking, type Room } from "./sdk.ts";

export interface Speaking {
  /** Ids of those who speak now. */
  readonly now: ReadonlySignal<ReadonlySet<string>>;
  /** When each other participant last spoke, in milliseconds; read it, don't wait for it. */
  readonly times: ReadonlyMap<string, number>;
  /** Of the others, who spoke last. */
  readonly last: ReadonlySignal<string | undefined>;
  close(): void;
}

/**
 * Who speaks, once the watching code is loaded.
 *
 * @param onMutedSpeech - The person talks into a muted microphone.
 */
export function createSpeaking(room: Room, onMutedSpeech: () => void): Speaking {
  const now = signal<ReadonlySet<string>>(new Set());
  const last = signal<string>();
  const times = new Map<string, number>();
  const stops: (() => void)[] = [];
  let closed = false;

  void loadSpeaking().then(({ watchSpeaking, watchSpeakingWhileMuted }) => {
    if (closed) return;
    stops.push(
      watchSpeaking(room, speakers => {
        const me = room.store.get().you.pid;
        const moment = Date.now();
        for (const pid of speakers) if (pid !== me) times.set(pid, moment);
        const loudest = [...speakers].find(pid => pid !== me);
        if (loudest && !speakers.has(last.value ?? "")) last.value = loudest;
        if (!sameSet(now.value, speakers)) now.value = speakers;
      }),
      watchSpeakingWhileMuted(room, speaking => {
        if (speaking) onMutedSpeech();
      }),
    );
  });

  return {
    now,
    times,
    last,
    close() {
      closed = true;
      for (const stop of stops.splice(0)) stop();
    },
  };
}

const sameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>) =>
  a.size === b.size && [...a].every(key => b.has(key));

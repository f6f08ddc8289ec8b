import { TandemError } from "../protocol/errors.ts";
import type { SourceKind } from "../protocol/names.ts";
import { abortable } from "./core/abort.ts";
import type { Signaling } from "./core/index.ts";
import type { OutgoingSource } from "./media-path.ts";
import type { LocalSource, PublishOptions } from "./types.ts";

/** What we publish. */
export interface Publications {
  publish(track: MediaStreamTrack, options: PublishOptions): Promise<LocalSource>;
  /** Those that the room knows, as they should leave. */
  readonly outgoing: readonly OutgoingSource[];
  /** As a new participant we have no sources: publish ours again. */
  renew(): void;
}

interface Entry {
  readonly kind: SourceKind;
  readonly name: string | undefined;
  track: MediaStreamTrack;
  /** What the application wants. The room may have it muted all the same. */
  muted: boolean;
  number: number;
  /** The participant of ours under which the room knows it. */
  pid: string | undefined;
  /** Whether the room is being told of it. */
  introducing: boolean;
  ended: boolean;
}

/** The room forgot the participant that sent the command; what that one published is published anew, as it is by then. */
const superseded = (error: unknown): boolean => error instanceof TandemError && error.code === "resume-refused";

/** Keep our publications. `changed` hears whenever what should leave is another, `failed` of what no promise tells. */
export function createPublications(
  signaling: Signaling,
  changed: () => void,
  failed: (error: unknown) => void,
): Publications {
  const entries = new Set<Entry>();
  const you = () => signaling.store.get().you;
  const known = (entry: Entry): boolean => entry.pid === you().pid;
  const muted = (entry: Entry): boolean =>
    entry.muted || (known(entry) && you().sources.find(({ number }) => number === entry.number)?.muted === true);

  const tell = async (work: Promise<unknown>): Promise<void> => {
    await work.catch(error => {
      if (!superseded(error)) throw error;
    });
  };
  const tellMuted = (entry: Entry): Promise<void> =>
    tell(signaling.command("source.update", { number: entry.number, muted: entry.muted }));
  const tellEnded = (entry: Entry): Promise<void> =>
    tell(signaling.command("source.unpublish", { number: entry.number }));

  /** Publish it, however often we become somebody new meanwhile. */
  const introduce = async (entry: Entry): Promise<void> => {
    const { kind, name } = entry;
    entry.introducing = true;
    try {
      for (;;) {
        const asked = entry.muted;
        const body = { kind, muted: asked, ...(name !== undefined && { name }) };
        const answer = await signaling.command("source.publish", body).catch(error => {
          if (!superseded(error)) throw error;
        });
        if (!answer) continue;
        Object.assign(entry, { number: answer.number, pid: you().pid });
        // What was wanted meanwhile had no number to go by.
        if (entry.ended) await tellEnded(entry);
        else if (entry.muted !== asked) await tellMuted(entry);
        return;
      }
    } finally {
      entry.introducing = false;
    }
  };

  const setMuted = async (entry: Entry, muted: boolean): Promise<void> => {
    entry.muted = muted;
    // Media stops at once; it starts when the room has told everybody.
    changed();
    if (known(entry)) await tellMuted(entry);
  };

  const end = async (entry: Entry): Promise<void> => {
    if (entry.ended) return;
    entry.ended = true;
    entries.delete(entry);
    changed();
    if (known(entry)) await tellEnded(entry);
  };

  const sourceOf = (entry: Entry): LocalSource => ({
    kind: entry.kind,
    get number() {
      return entry.number;
    },
    get track() {
      return entry.track;
    },
    get muted() {
      return muted(entry);
    },
    mute: () => setMuted(entry, true),
    unmute: () => setMuted(entry, false),
    async replaceTrack(track) {
      if (track.kind !== entry.track.kind)
        throw new TypeError(`a ${entry.track.kind} source takes no ${track.kind} track`);
      entry.track = track;
      changed();
    },
    unpublish: () => end(entry),
  });

  return {
    async publish(track, { kind, name, muted = false, signal }) {
      if (signal?.aborted) throw signal.reason;
      const entry: Entry = { kind, name, track, muted, number: 0, pid: undefined, introducing: false, ended: false };
      const introduced = introduce(entry);
      const cancel = (): void => void end(entry).catch(failed);
      signal?.addEventListener("abort", cancel, { once: true });
      await abortable(introduced, signal);
      entries.add(entry);
      changed();
      return sourceOf(entry);
    },
    get outgoing() {
      return [...entries].filter(known).map(entry => {
        const { number, kind, track } = entry;
        return { number, kind, track, sending: !muted(entry) };
      });
    },
    renew() {
      for (const entry of entries) if (!entry.introducing) introduce(entry).then(changed, failed);
    },
  };
}

/**
 * What a program hears: sources of the room, decoded and summed up by the mixer's thread into PCM, a frame every 20 ms.
 * @module
 */
import type { BotAudio } from "../../../src/protocol/index.ts";
import type { MixEvents, MixHost, RoomMixer } from "../../mix/mix-host.ts";
import { createMixInputs } from "../../mix/mix-inputs.ts";
import type { Router } from "../../room/router.ts";
import type { Source, SourceKind } from "../../room/source.ts";

const LISTENER = 1;

export interface HearingOptions {
  readonly router: Router;
  readonly mixing: MixHost;
  /** Number of the participant that hears; never itself. */
  readonly participant: number;
  readonly hear: NonNullable<BotAudio["hear"]>;
  readonly rate: BotAudio["rate"];
  /** The kinds of sources that it may hear. */
  readonly kinds: () => ReadonlySet<SourceKind>;
  /** Takes 20 ms of PCM, valid during the call. */
  readonly onFrame: (bytes: Buffer, offset: number, length: number, now: number) => void;
}

export interface Hearing {
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  /** Idempotent. */
  close(): void;
}

export function createHearing(options: HearingOptions): Hearing {
  const { router, mixing, participant, hear, rate, kinds, onFrame } = options;
  const only = hear === "mix" ? undefined : new Set(hear);
  const inputs = createMixInputs(router, wants);
  let mixer: RoomMixer | undefined;
  let closed = false;

  function wants({ number, kind, participant: holder }: Source): boolean {
    if (holder === participant) return false;
    return only === undefined ? kinds().has("mix") : only.has(number) && kinds().has(kind);
  }

  const events: MixEvents = {
    assigned() {},
    packet(_stream, _timestamp, bytes, offset, length, now) {
      onFrame(bytes, offset, length, now);
    },
    lost() {
      mixer = undefined;
    },
  };

  return {
    tick(now) {
      if (closed) return;
      if (mixer === undefined) {
        mixer = mixing.open(events, now);
        mixer?.addListener(LISTENER, participant, { codec: "pcm", rate });
      }
      if (mixer !== undefined) inputs.sync(mixer);
    },
    close() {
      if (closed) return;
      closed = true;
      inputs.end();
      mixer?.close();
    },
  };
}

/**
 * An encoder in a room: behind its door it gives H.264 and AAC. Sans-I/O: the door hands messages over.
 * @module
 */
import { type NodeParticipant, TIMES } from "../../../src/protocol/index.ts";
import type { AacProvider } from "../../codec/aac.ts";
import { h264 } from "../../codec/h264.ts";
import { opus } from "../../codec/opus.ts";
import type { Log } from "../../log.ts";
import type { MixHost } from "../../mix/mix-host.ts";
import type { Router } from "../../room/router.ts";
import { createPublishedSource } from "../published-source.ts";
import type { IngestChannel, IngestGuest } from "./door.ts";
import { createPicture, type Picture } from "./picture.ts";
import { createSound, type Sound } from "./sound.ts";

/** An encoder that sends nothing for so long (ms) is gone, */
const PATIENCE = 20_000;
/** and after so long another one with its key may take its place: it has come back, and its old connection doesn't know. */
const REPLACEABLE = 3_000;

/** One that was refused before it had sent for so long (ms) is waited for no longer than it was: it would try for ever. */
const PROVEN = 10_000;

export interface IngestOptions {
  readonly router: Router;
  readonly mixing: MixHost;
  readonly participant: NodeParticipant;
  /** Absent: there is nothing that decodes AAC, and sound is left out. */
  readonly aac: AacProvider | undefined;
  readonly log: Log;
  readonly now: number;
  /** Told when an encoder comes for the first time, and that none will any more, however that came but by {@link Ingest.close}. */
  readonly onState: (state: "connected" | "closed", now: number) => void;
}

export interface Ingest extends IngestGuest {
  /** The participant as it is now: what it publishes, what it may do. */
  update(participant: NodeParticipant, now: number): void;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  /** Idempotent. `reason` is told to the encoder. */
  close(now: number, code: number, reason: string): void;
}

export function createIngest({ router, mixing, aac, log, onState, ...options }: IngestOptions): Ingest {
  let { participant } = options;
  const { pid } = participant;
  const camera = createPublishedSource({ router, kind: "camera", codec: h264 });
  const mic = createPublishedSource({ router, kind: "mic", codec: opus });
  /** Until when (ms) an encoder may come. */
  let until = options.now + TIMES.rtmpDoor;
  let channel: IngestChannel | undefined;
  let picture: Picture | undefined;
  let sound: Sound | undefined;
  let isSilent = false;
  let cameAt = 0;
  let heardAt = 0;
  let hasCome = false;
  let closed = false;

  /** What an encoder gave is over; another one begins anew, and is waited for. */
  function end(now: number, isAwaited = channel !== undefined): void {
    if (picture && picture.dropped > 0)
      log.warn("an encoder's frames could not be read", { pid, frames: picture.dropped });
    channel = undefined;
    picture = undefined;
    sound?.close();
    sound = undefined;
    if (isAwaited) until = Math.max(until, now + TIMES.rtmpReturn);
  }

  function close(now: number): void {
    if (closed) return;
    closed = true;
    end(now);
    camera.close(now);
    mic.close(now);
  }

  /** It is over, and the room doesn't know. */
  function lose(now: number): void {
    if (closed) return;
    close(now);
    onState("closed", now);
  }

  /** It may come again, and do better. */
  function refuse(why: string, now: number): void {
    const refused = channel;
    end(now, heardAt - cameAt >= PROVEN);
    log.warn("an encoder was refused", { pid, why });
    refused?.refuse("NetStream.Publish.Rejected", why);
  }

  function loseSound(why: string): void {
    if (isSilent) return;
    isSilent = true;
    log.warn("an encoder's sound is left out", { pid, why });
  }

  function openSound(provider: AacProvider): Sound {
    const { number } = participant;
    const where = { mixing, participant: number, source: () => mic.source };
    return createSound({ ...where, aac: provider, onLost: loseSound });
  }

  function update(next: NodeParticipant, now: number): void {
    if (closed) return;
    participant = next;
    camera.update(participant, now);
    mic.update(participant, now);
  }

  update(participant, options.now);
  return {
    update,
    connected(opened, now) {
      if (closed || (channel !== undefined && now - heardAt < REPLACEABLE)) {
        log.warn("an encoder was refused", { pid, why: "another one sends with its key" });
        return false;
      }
      const replaced = channel;
      end(now);
      replaced?.close();
      channel = opened;
      cameAt = now;
      heardAt = now;
      picture = createPicture(() => camera.source);
      isSilent = false;
      // One that is refused and tries again every few seconds must not wake the room each time.
      if (!hasCome) onState("connected", now);
      hasCome = true;
      return true;
    },
    video(bytes, length, timestamp, now) {
      heardAt = now;
      const why = picture?.push(bytes, length, timestamp, now);
      if (why !== undefined) refuse(why, now);
    },
    audio(bytes, length, _timestamp, now) {
      heardAt = now;
      if (aac === undefined) loseSound("nothing that decodes AAC is installed; see docs/gateway.md");
      else if (mic.source !== undefined) {
        sound ??= openSound(aac);
        sound.push(bytes, length, now);
      }
    },
    disconnected(finished, now) {
      if (finished) lose(now);
      else end(now);
    },
    tick(now) {
      if (closed) return;
      sound?.tick(now);
      if (channel === undefined) {
        if (now > until) lose(now);
      } else if (now - heardAt > PATIENCE) refuse("nothing came", now);
    },
    close(now, _code, reason) {
      const told = channel;
      close(now);
      told?.refuse("NetStream.Publish.Rejected", reason);
    },
  };
}

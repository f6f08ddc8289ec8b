/**
 * Which sources of a room go to a mixer: their packets are handed over as they come.
 * @module
 */
import { PACKET } from "../forward/packet-ring.ts";
import type { PacketSink } from "../forward/packet-sink.ts";
import type { Router } from "../room/router.ts";
import type { Source } from "../room/source.ts";
import { NO_LEVEL } from "../rtp/header-extensions.ts";
import type { RoomMixer } from "./mix-host.ts";

export interface MixInputs {
  /** Brings the mixer in line with who publishes what is wanted. To be called every 20 ms or so. */
  sync(mixer: RoomMixer): void;
  /** Hands nothing over any more. */
  end(): void;
}

/** A source whose packets go to the mixer. */
interface Input {
  readonly source: Source;
  readonly tap: PacketSink;
}

/** @param wants of the sounds that are there, neither muted nor ungranted */
export function createMixInputs(router: Router, wants: (source: Source) => boolean = () => true): MixInputs {
  const inputs = new Map<number, Input>();
  let mixer: RoomMixer | undefined;

  function listen(source: Source): void {
    const tap: PacketSink = {
      decide({ ring }, place, now) {
        if (mixer === undefined || (ring.flags[place]! & PACKET.empty) !== 0) return;
        const level = ring.level[place]!;
        mixer.push(
          source.number,
          "opus",
          ring.index[place]! % 65_536,
          ring.timestamp[place]!,
          level === NO_LEVEL ? -1 : level & 0x7f,
          ring.bytes,
          ring.offset[place]!,
          ring.length[place]!,
          now,
        );
      },
    };
    source.layers[0]!.addSink(tap);
    inputs.set(source.number, { source, tap });
    mixer?.addInput(source.number, source.participant);
  }

  function unlisten({ source, tap }: Input): void {
    source.layers[0]!.removeSink(tap);
    inputs.delete(source.number);
    mixer?.removeInput(source.number);
  }

  function end(): void {
    for (const input of inputs.values()) unlisten(input);
    mixer = undefined;
  }

  return {
    sync(next) {
      if (next !== mixer) end();
      mixer = next;
      for (const input of inputs.values()) {
        const { source } = input;
        if (router.sources.get(source.number) !== source || !source.open || !wants(source)) unlisten(input);
      }
      for (const source of router.sources.values()) {
        if (source.media !== "audio" || source.codec !== "opus" || !source.open) continue;
        if (!inputs.has(source.number) && wants(source)) listen(source);
      }
    },
    end,
  };
}

import { participantOf } from "../../protocol/names.ts";
import type { IncomingMedia, MediaHost } from "../media-path.ts";

/** What of a peer's one connection brings. */
export interface Receivers {
  /** The peer says which of its sources each of its m-lines carries. */
  describe(sources: Readonly<Record<string, number>>): void;
  /** Obey mutes: nothing is heard or seen of a source that is muted, whatever its owner's client sends. */
  mute(isMuted: (number: number) => boolean): void;
  readonly incoming: ReadonlyMap<number, IncomingMedia>;
}

/** Follow the receivers of `connection`, whose other end is the participant of number `owner`. */
export function createReceivers(connection: RTCPeerConnection, host: MediaHost, owner: number): Receivers {
  let incoming = new Map<number, IncomingMedia>();
  return {
    describe(sources) {
      const next = new Map<number, IncomingMedia>();
      for (const { mid, receiver } of connection.getTransceivers()) {
        const number = mid === null ? undefined : sources[mid];
        // Nobody speaks for another.
        if (number === undefined || participantOf(number) !== owner) continue;
        const { track } = receiver;
        const known = [...incoming.values()].find(media => media.track === track);
        next.set(number, known ?? { track, stream: host.createStream([track]) });
      }
      incoming = next;
    },
    mute(isMuted) {
      for (const [number, { track }] of incoming) track.enabled = !isMuted(number);
    },
    get incoming() {
      return incoming;
    },
  };
}

import type { MediaHost, OutgoingSource } from "../media-path.ts";

/** What of ours one connection carries. */
export interface Senders {
  /** Send exactly these. New and ended sources need a negotiation, which the browser asks for; mutes and switches don't. */
  sync(sources: readonly OutgoingSource[]): void;
  /** m-line → source number, of the lines that have been negotiated. */
  sources(): Record<string, number>;
}

interface Entry {
  readonly sender: RTCRtpSender;
  /** What the sender carries, or will as soon as the browser gets to it. */
  track: MediaStreamTrack | null;
}

/** Sources whose streams a receiver keeps in step with each other. */
const groupOf = (kind: string): "screen" | "person" => (kind.startsWith("screen") ? "screen" : "person");

/** Manage the senders of `connection`; `failed` hears of tracks that it would not take. */
export function createSenders(
  connection: RTCPeerConnection,
  host: MediaHost,
  failed: (error: unknown) => void,
): Senders {
  const entries = new Map<number, Entry>();
  // One msid for a person's voice and face, another for a screen and its sound: that is what receivers sync by.
  const streams = { person: host.createStream([]), screen: host.createStream([]) };

  const carry = (entry: Entry, track: MediaStreamTrack | null): void => {
    if (entry.track === track) return;
    entry.track = track;
    entry.sender.replaceTrack(track).catch(failed);
  };

  /** A line that a source of ours has left, so that coming and going doesn't make the description grow. */
  const idle = (kind: string): RTCRtpTransceiver | undefined => {
    const taken = new Set([...entries.values()].map(entry => entry.sender));
    return connection.getTransceivers().find(({ sender, receiver, mid, direction }) => {
      const free = !taken.has(sender) && sender.track === null && !direction.startsWith("send");
      return free && receiver.track.kind === kind && mid !== null && direction !== "stopped";
    });
  };

  const add = ({ kind, track, number }: OutgoingSource): Entry => {
    const stream = streams[groupOf(kind)];
    const transceiver = idle(track.kind);
    let sender: RTCRtpSender;
    if (transceiver) {
      sender = transceiver.sender;
      sender.setStreams(stream);
      transceiver.direction = transceiver.direction === "recvonly" ? "sendrecv" : "sendonly";
    } else if ([...entries.values()].some(entry => entry.track === null)) {
      // addTrack would take the sender of a muted source, if that one has not sent yet.
      ({ sender } = connection.addTransceiver(track, { streams: [stream] }));
    } else {
      // Unlike addTransceiver's, what addTrack makes is paired with the line of an offer that crosses ours.
      sender = connection.addTrack(track, stream);
    }
    const entry: Entry = { sender, track: transceiver ? null : track };
    entries.set(number, entry);
    return entry;
  };

  return {
    sync(sources) {
      const wanted = new Set(sources.map(source => source.number));
      for (const [number, { sender }] of entries) {
        if (wanted.has(number)) continue;
        entries.delete(number);
        connection.removeTrack(sender);
      }
      for (const source of sources) {
        carry(entries.get(source.number) ?? add(source), source.sending ? source.track : null);
      }
    },
    sources() {
      const map: Record<string, number> = {};
      for (const { sender, mid } of connection.getTransceivers()) {
        for (const [number, entry] of entries) if (entry.sender === sender && mid !== null) map[mid] = number;
      }
      return map;
    },
  };
}

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

  // A sender's track is no sign of whose it is: it lags behind replaceTrack.
  const taken = (transceiver: RTCRtpTransceiver): boolean =>
    [...entries.values()].some(({ sender }) => sender === transceiver.sender);

  const add = ({ kind, track, number }: OutgoingSource): Entry => {
    const stream = streams[groupOf(kind)];
    const alike = connection
      .getTransceivers()
      .filter(({ receiver, direction }) => receiver.track.kind === track.kind && direction !== "stopped");
    // A line that a source of ours has left, so that coming and going doesn't make the description grow.
    const idle = alike.find(transceiver => !taken(transceiver));
    let sender: RTCRtpSender;
    if (idle) {
      sender = idle.sender;
      sender.setStreams(stream);
      idle.direction = idle.direction === "recvonly" ? "sendrecv" : "sendonly";
    } else if (alike.some(({ sender }) => sender.track === null || sender.track === track)) {
      // addTrack would take the sender of a source that is muted or whose track the browser has yet to put there, if that
      // one has not sent yet; and it refuses a track that another sender has not yet let go.
      ({ sender } = connection.addTransceiver(track, { streams: [stream] }));
    } else {
      // Unlike addTransceiver's, what addTrack makes is paired with the line of an offer that crosses ours.
      sender = connection.addTrack(track, stream);
    }
    const entry: Entry = { sender, track: idle ? null : track };
    entries.set(number, entry);
    return entry;
  };

  /** Not by removeTrack: that does nothing while the sender has no track, be it muted or a replaceTrack on its way. */
  const remove = (number: number, entry: Entry): void => {
    entries.delete(number);
    const transceiver = connection.getTransceivers().find(({ sender }) => sender === entry.sender);
    if (!transceiver || transceiver.direction === "stopped") return;
    transceiver.direction = transceiver.direction === "sendrecv" ? "recvonly" : "inactive";
    carry(entry, null);
  };

  return {
    sync(sources) {
      const wanted = new Set(sources.map(source => source.number));
      for (const [number, entry] of entries) if (!wanted.has(number)) remove(number, entry);
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

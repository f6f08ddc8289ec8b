/**
 * The m-lines of a session: lines that send, made up front and fed by `replaceTrack`, and slots that receive.
 * @module
 */
import { LIMITS } from "../../protocol/limits.ts";
import { SOURCE_INDEX, type SourceKind } from "../../protocol/names.ts";
import type { SessionPlan } from "../../protocol/session.ts";
import type { OutgoingSource } from "../media-path.ts";

/** Slots of a first offer: so many faces with their voices, and so many further voices. */
const SLOTS = { video: 9, floating: 3 } as const;

/** Sources that nearly every call has. Their lines cost a few bytes and spare a negotiation. */
const UP_FRONT: readonly [SourceKind, "audio" | "video"][] = [
  ["mic", "audio"],
  ["camera", "video"],
  ["screen", "video"],
  ["screen-audio", "audio"],
];

/** Codecs that a session speaks. All else would only make the offer long: untrimmed, Chromium's is twice as large. */
const SPOKEN: Record<string, (codec: RTCRtpCodec) => boolean> = {
  audio: ({ mimeType }) => mimeType === "audio/opus",
  video: ({ mimeType, sdpFmtpLine = "" }) =>
    mimeType === "video/VP8" ||
    mimeType === "video/rtx" ||
    (mimeType === "video/H264" &&
      sdpFmtpLine.includes("packetization-mode=1") &&
      sdpFmtpLine.includes("profile-level-id=42e01f")),
};

function trim(transceiver: RTCRtpTransceiver, kind: string): void {
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs.filter(codec => SPOKEN[kind]?.(codec)) ?? [];
  if (codecs.length > 0) transceiver.setCodecPreferences(codecs);
}

/** A line's sender, and what it carries or will as soon as the browser gets to it. */
interface Sending {
  readonly transceiver: RTCRtpTransceiver;
  track: MediaStreamTrack | null;
}

export interface Lines {
  /** Send exactly these. True if a line had to be made, which takes an offer. */
  sync(sources: readonly OutgoingSource[]): boolean;
  /** What the lines are for; after `setLocalDescription`, which names them. */
  plan(): SessionPlan;
  /** The receiver of a slot. */
  slot(mid: string): RTCRtpReceiver | undefined;
  /** Any receiver: each tells of the transport. */
  readonly anyReceiver: RTCRtpReceiver | undefined;
}

/** Make a session's first lines; `failed` hears of tracks that a sender would not take. */
export function createLines(connection: RTCPeerConnection, failed: (error: unknown) => void): Lines {
  const sending = new Map<number, Sending>();
  const add = (kind: "audio" | "video", direction: "sendonly" | "recvonly"): RTCRtpTransceiver => {
    const transceiver = connection.addTransceiver(kind, { direction });
    trim(transceiver, kind);
    return transceiver;
  };
  const line = (index: number, kind: "audio" | "video"): void => {
    sending.set(index, { transceiver: add(kind, "sendonly"), track: null });
  };

  for (const [kind, media] of UP_FRONT) line(SOURCE_INDEX[kind] ?? 0, media);
  const many = (count: number, kind: "audio" | "video") => Array.from({ length: count }, () => add(kind, "recvonly"));
  const video = many(SLOTS.video, "video");
  const paired = many(SLOTS.video, "audio");
  const floating = many(SLOTS.floating, "audio");
  const slots = [...video, ...paired, ...floating];

  const carry = (entry: Sending, track: MediaStreamTrack | null): void => {
    if (entry.track === track) return;
    entry.track = track;
    entry.transceiver.sender.replaceTrack(track).catch(failed);
  };
  const mids = (list: readonly RTCRtpTransceiver[]): string[] => list.flatMap(({ mid }) => mid ?? []);

  return {
    sync(sources) {
      const wanted = new Map(sources.map(source => [source.number % LIMITS.sources, source]));
      let grown = false;
      for (const [index, { track }] of wanted) {
        if (sending.has(index)) continue;
        line(index, track.kind as "audio" | "video");
        grown = true;
      }
      for (const [index, entry] of sending) {
        const source = wanted.get(index);
        carry(entry, source?.sending ? source.track : null);
      }
      return grown;
    },
    plan: () => ({
      sources: Object.fromEntries(
        [...sending].flatMap(
          ([
            index,
            {
              transceiver: { mid },
            },
          ]) => (mid === null ? [] : [[mid, index]]),
        ),
      ),
      video: mids(video),
      paired: mids(paired),
      floating: mids(floating),
    }),
    slot: mid => slots.find(transceiver => transceiver.mid === mid)?.receiver,
    get anyReceiver() {
      return slots[0]?.receiver;
    },
  };
}

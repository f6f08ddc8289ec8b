import { createDataChannels, type DataChannels } from "../sctp/data-channels.ts";
import type { OfferedSctp } from "../sdp/sctp.ts";
import type { SessionCounters } from "./counters.ts";
import { createMediaChannel, type Listening, type MediaChannel, type Wish } from "./media-channel.ts";
import type { Transport } from "./transport.ts";

/** Largest message that we take of the client, as answers say. */
export const MAX_MESSAGE = 65_536;
const CHANNEL = { id: 0, label: "tandem-media.v1", protocol: "" };

export interface ClientChannelOptions {
  readonly transport: Pick<Transport, "sendData" | "maxData">;
  /** What the client wants to see; null: whoever speaks. */
  readonly onWishes: (wishes: readonly Wish[] | null) => void;
  /** How the client wants to hear the others; null: as the room says. */
  readonly onListen: (to: Listening) => void;
  /** Asks for a {@link ClientChannel.flush}. */
  readonly wake: () => void;
  readonly counters: SessionCounters;
}

/** A session's data channel `tandem-media.v1`, negotiated as id 0, where the client offered data channels at all. */
export interface ClientChannel {
  readonly media: MediaChannel;
  /** The transport is connected: opens the association. Once. */
  connect(offered: OfferedSctp, now: number): void;
  /** Takes the payload of a DTLS record, which it keeps. */
  handle(data: Uint8Array, now: number): void;
  flush(now: number): void;
  /** When {@link tick} has something to do. */
  readonly deadline: number;
  tick(now: number): void;
  close(): void;
}

export function createClientChannel({
  transport,
  onWishes,
  onListen,
  wake,
  counters,
}: ClientChannelOptions): ClientChannel {
  let channels: DataChannels | undefined;
  let clock = 0;
  const media = createMediaChannel({
    send: text => channels?.send(CHANNEL.id, text, clock) === true,
    onWishes,
    onListen,
    counters,
  });
  return {
    media,
    connect({ maxMessageSize }, now) {
      if (channels !== undefined) return;
      clock = now;
      channels = createDataChannels({
        negotiated: [CHANNEL],
        mtu: transport.maxData,
        maxMessageSize: MAX_MESSAGE,
        peerMaxMessageSize: maxMessageSize === 0 ? Number.POSITIVE_INFINITY : maxMessageSize,
        send: packet => transport.sendData(packet),
        listener: {
          onOpen: () => media.open(),
          onMessage: (_id, data) => media.receive(data, clock),
          onChannelClosed() {},
          onWritable: wake,
          onClosed() {},
        },
      });
      channels.connect(now);
    },
    handle(data, now) {
      clock = now;
      channels?.handle(data, now);
    },
    flush(now) {
      clock = now;
      media.flush();
    },
    get deadline() {
      return channels?.nextTimeout() ?? Number.POSITIVE_INFINITY;
    },
    tick(now) {
      clock = now;
      if (channels !== undefined && now >= channels.nextTimeout()) channels.tick(now);
    },
    close: () => channels?.close(),
  };
}

import { type AssociationEnd, createAssociation } from "./association.ts";
import { type ChannelParameters, OPEN_ACK, Ppid, parseOpen } from "./dcep.ts";
import type { Message } from "./reassembly.ts";

const DEFAULT_MESSAGE_SIZE = 65_536;
const DEFAULT_BUFFER = 1_048_576;
const DEFAULT_CHANNELS = 16;

/** Every call back into the data channels is allowed from within. */
export interface DataChannelsListener {
  /** A channel can be used: a negotiated one when the association stands, another when it was accepted. */
  onOpen(channel: ChannelParameters): void;
  /** A text or binary message; the bytes are the listener's to keep. */
  onMessage(id: number, data: string | Uint8Array): void;
  /** The peer opens a channel. True accepts it; without this method every one is refused. */
  onRequest?(channel: ChannelParameters): boolean;
  /** A channel was closed by either side; its id may come again. */
  onChannelClosed(id: number): void;
  /** After `send` refused: half of the buffer is free again. */
  onWritable(): void;
  /** The association ended without our doing; all channels are gone. */
  onClosed(reason: AssociationEnd): void;
}

/** As `{negotiated: true, id, …}` in browsers: reliable and ordered where it doesn't say otherwise. */
export type NegotiatedChannel = Pick<ChannelParameters, "id" | "label" | "protocol"> & Partial<ChannelParameters>;

export interface DataChannelsOptions {
  /** Channels that both sides know of without a word. */
  readonly negotiated: readonly NegotiatedChannel[];
  /** Largest SCTP packet, in bytes: the `maxPayload` of the DTLS endpoint. */
  readonly mtu: number;
  /** Largest message accepted, in bytes; the SDP must say so. Default 65,536. */
  readonly maxMessageSize?: number;
  /** The peer's `a=max-message-size`. Default 65,536 (RFC 8841 §6). */
  readonly peerMaxMessageSize?: number;
  /** Most payload bytes queued or unacknowledged. Default 1 MiB. */
  readonly maxBuffered?: number;
  /** Most channels at a time, negotiated ones included. Default 16. */
  readonly maxChannels?: number;
  /** Takes a packet, one DTLS record. Must not call back. */
  send(packet: Uint8Array): void;
  readonly listener: DataChannelsListener;
}

/** Data channels of one session, over its DTLS connection (RFC 8831). Times are in ms of one monotonic clock. */
export interface DataChannels {
  readonly bufferedBytes: number;
  readonly counters: DataChannelCounters;
  /** Opens the association; call once DTLS is connected. The peer may open it as well. */
  connect(now: number): void;
  /** Handles the payload of one DTLS record and keeps its bytes. */
  handle(packet: Uint8Array, now: number): void;
  /**
   * Sends a text or binary message; before the association stands, it is queued for its first packet. The bytes must
   * not change until the peer has acknowledged them.
   * @returns false when the channel isn't there, the message is too long, or the buffer is full (then `onWritable`).
   */
  send(id: number, data: string | Uint8Array, now: number): boolean;
  /** Closes one channel after what it has queued (RFC 8831 §6.7). */
  closeChannel(id: number, now: number): void;
  nextTimeout(): number;
  tick(now: number): void;
  /** Aborts the association. Idempotent; no event follows. */
  close(): void;
}

export interface DataChannelCounters {
  /** Packets that don't parse or carry a wrong tag. */
  readonly droppedPackets: number;
  /** Messages for no channel, of unknown kind, or malformed. */
  readonly droppedMessages: number;
  /** Channels that the peer wanted and didn't get. */
  readonly refusedChannels: number;
}

interface Channel {
  readonly parameters: ChannelParameters;
  state: "connecting" | "open" | "closing";
  ownSideReset: boolean;
  peerSideReset: boolean;
}

const RELIABLE = {
  ordered: true,
  maxRetransmits: Number.POSITIVE_INFINITY,
  maxPacketLifeTime: Number.POSITIVE_INFINITY,
};

export function createDataChannels(options: DataChannelsOptions): DataChannels {
  const { listener, maxBuffered = DEFAULT_BUFFER, maxChannels = DEFAULT_CHANNELS } = options;
  const peerMaxMessageSize = options.peerMaxMessageSize ?? DEFAULT_MESSAGE_SIZE;
  const channels = new Map<number, Channel>();
  let droppedMessages = 0;
  let refusedChannels = 0;
  let clock = 0;
  let wantsWritable = false;

  const add = (parameters: ChannelParameters, state: Channel["state"]): void => {
    channels.set(parameters.id, { parameters, state, ownSideReset: false, peerSideReset: false });
  };
  for (const channel of options.negotiated) add({ ...RELIABLE, ...channel }, "connecting");

  const association = createAssociation({
    mtu: options.mtu,
    maxMessageSize: options.maxMessageSize ?? DEFAULT_MESSAGE_SIZE,
    maxBuffered,
    send: options.send,
    listener: {
      onEstablished() {
        for (const channel of [...channels.values()]) {
          if (channel.state !== "connecting") continue;
          channel.state = "open";
          listener.onOpen(channel.parameters);
        }
      },
      onMessage: message => (message.ppid === Ppid.dcep ? onDcep(message) : onUserMessage(message)),
      onPeerReset(streams) {
        const affected = streams.length > 0 ? streams : [...channels.keys()];
        for (const id of affected) {
          const channel = channels.get(id);
          if (channel === undefined) continue;
          channel.peerSideReset = true;
          startClosing(channel);
          finishClosing(channel);
        }
      },
      onOwnReset(streams) {
        for (const id of streams) {
          const channel = channels.get(id);
          if (channel === undefined) continue;
          channel.ownSideReset = true;
          finishClosing(channel);
        }
      },
      onEnded(reason) {
        channels.clear();
        listener.onClosed(reason);
      },
    },
  });

  /** A channel closes by resetting its stream in both directions. */
  function startClosing(channel: Channel): void {
    if (channel.state === "closing") return;
    channel.state = "closing";
    association.resetStream(channel.parameters.id, clock);
  }

  function finishClosing({ parameters, ownSideReset, peerSideReset }: Channel): void {
    if (!ownSideReset || !peerSideReset) return;
    channels.delete(parameters.id);
    listener.onChannelClosed(parameters.id);
  }

  function onDcep({ stream, payload }: Message): void {
    const parameters = parseOpen(stream, payload);
    if (parameters === undefined || channels.has(stream)) {
      droppedMessages++;
      return;
    }
    const accepted = channels.size < maxChannels && listener.onRequest?.(parameters) === true;
    if (!accepted || !acknowledgeOpen(stream)) {
      refusedChannels++;
      // The peer takes a reset of its channel's other half as its end.
      association.resetStream(stream, clock);
      return;
    }
    add(parameters, "open");
    listener.onOpen(parameters);
  }

  function acknowledgeOpen(stream: number): boolean {
    const { maxRetransmits, ordered } = RELIABLE;
    const expiresAt = Number.POSITIVE_INFINITY;
    return association.send({ stream, ppid: Ppid.dcep, payload: OPEN_ACK, ordered, maxRetransmits, expiresAt }, clock);
  }

  function onUserMessage({ stream, ppid, payload }: Message): void {
    const known = channels.get(stream)?.state === "open";
    if (known && ppid === Ppid.string) listener.onMessage(stream, Buffer.from(payload).toString());
    else if (known && ppid === Ppid.binary) listener.onMessage(stream, payload);
    else if (known && ppid === Ppid.emptyString) listener.onMessage(stream, "");
    else if (known && ppid === Ppid.emptyBinary) listener.onMessage(stream, new Uint8Array(0));
    else droppedMessages++;
  }

  function reportWritable(): void {
    if (!wantsWritable || association.bufferedBytes > maxBuffered / 2) return;
    wantsWritable = false;
    listener.onWritable();
  }

  return {
    get bufferedBytes() {
      return association.bufferedBytes;
    },
    get counters() {
      return { droppedPackets: association.dropped, droppedMessages, refusedChannels };
    },
    connect: association.connect,
    handle(packet, now) {
      clock = now;
      association.handle(packet, now);
      reportWritable();
    },
    send(id, data, now) {
      const channel = channels.get(id);
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      if (channel === undefined || channel.state === "closing" || bytes.length > peerMaxMessageSize) return false;
      const kinds = typeof data === "string" ? [Ppid.string, Ppid.emptyString] : [Ppid.binary, Ppid.emptyBinary];
      const { ordered, maxRetransmits, maxPacketLifeTime } = channel.parameters;
      const sent = association.send(
        {
          stream: id,
          ppid: kinds[bytes.length > 0 ? 0 : 1]!,
          // SCTP knows no empty message: one byte stands for it (RFC 8831 §6.6).
          payload: bytes.length > 0 ? bytes : Uint8Array.of(0),
          ordered,
          maxRetransmits,
          expiresAt: now + maxPacketLifeTime,
        },
        now,
      );
      if (!sent) wantsWritable = true;
      return sent;
    },
    closeChannel(id, now) {
      clock = now;
      const channel = channels.get(id);
      if (channel === undefined) return;
      if (channel.state !== "connecting") startClosing(channel);
      else {
        channels.delete(id);
        listener.onChannelClosed(id);
      }
    },
    nextTimeout: association.nextTimeout,
    tick(now) {
      clock = now;
      association.tick(now);
      reportWritable();
    },
    close: association.close,
  };
}

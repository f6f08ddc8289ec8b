import { createLink, type Endpoint, type Link, type LinkModel } from "../../dtls/testing/link.ts";
import {
  createDataChannels,
  type DataChannels,
  type DataChannelsListener,
  type DataChannelsOptions,
} from "../data-channels.ts";
import type { ChannelParameters } from "../dcep.ts";

/** What a listener heard, in order. */
export type Heard =
  | { open: number }
  | { from: number; data: string | Uint8Array }
  | { request: ChannelParameters }
  | { channelClosed: number }
  | { writable: true }
  | { closed: string };

export interface End {
  readonly channels: DataChannels;
  readonly heard: Heard[];
  /** Messages heard on a channel. */
  messages(id: number): (string | Uint8Array)[];
}

export interface Pair {
  readonly ends: readonly [End, End];
  readonly link: Link;
  /** Lets both ends open the association and runs until it stands. */
  connect(limit?: number): Pair;
  run(done: () => boolean, limit?: number): void;
  /** Runs until nothing is left to happen. */
  settle(limit?: number): void;
}

export interface PairOptions {
  readonly link?: LinkModel;
  readonly options?: Partial<DataChannelsOptions>;
  readonly listener?: Partial<DataChannelsListener>;
}

export const MTU = 1_163;

/** Two ends of ours on a simulated link, with channel 0 negotiated. */
export function createPair(pairOptions: PairOptions = {}): Pair {
  const link = createLink(pairOptions.link);
  const createEnd = (from: 0 | 1): End => {
    const heard: Heard[] = [];
    const channels = createDataChannels({
      negotiated: [{ id: 0, label: "tandem-media.v1", protocol: "" }],
      mtu: MTU,
      send: packet => link.send(from, packet),
      ...pairOptions.options,
      listener: {
        onOpen: ({ id }) => heard.push({ open: id }),
        onMessage: (id, data) => heard.push({ from: id, data }),
        onRequest: request => {
          heard.push({ request });
          return true;
        },
        onChannelClosed: channelClosed => heard.push({ channelClosed }),
        onWritable: () => heard.push({ writable: true }),
        onClosed: closed => heard.push({ closed }),
        ...pairOptions.listener,
      },
    });
    const messages = (id: number) => heard.flatMap(event => ("from" in event && event.from === id ? [event.data] : []));
    return { channels, heard, messages };
  };
  const ends = [createEnd(0), createEnd(1)] as const;
  // The link overwrites its buffer after each call, as a socket does; DTLS hands out bytes of their own.
  const endpoint = ({ channels }: End): Endpoint => ({
    ...channels,
    handle: (packet, now) => channels.handle(new Uint8Array(packet), now),
  });
  const endpoints = [endpoint(ends[0]), endpoint(ends[1])] as const;
  const isOpen = ({ heard }: End): boolean => heard.some(event => "open" in event);
  const pair: Pair = {
    ends,
    link,
    connect(limit = 30_000) {
      for (const { channels } of ends) channels.connect(link.now);
      pair.run(() => ends.every(isOpen), limit);
      return pair;
    },
    run: (done, limit = link.now + 60_000) => link.run(endpoints, done, limit),
    settle: (limit = link.now + 60_000) => link.run(endpoints, () => false, limit),
  };
  return pair;
}

/** The DATA_CHANNEL_OPEN message of a browser. */
export function encodeOpen(channel: { type?: number; limit?: number; label?: string; protocol?: string }): Uint8Array {
  const { type = 0, limit = 0, label = "chat", protocol = "" } = channel;
  const head = Buffer.alloc(12);
  head[0] = 3;
  head[1] = type;
  head.writeUInt32BE(limit, 4);
  head.writeUInt16BE(Buffer.byteLength(label), 8);
  head.writeUInt16BE(Buffer.byteLength(protocol), 10);
  return Buffer.concat([head, Buffer.from(label), Buffer.from(protocol)]);
}

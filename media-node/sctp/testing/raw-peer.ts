import { encodeInit, parseInit } from "../chunks.ts";
import { createDataChannels, type DataChannels, type DataChannelsOptions } from "../data-channels.ts";
import { ChunkType, type ChunkView, readPacket, writeChunk, writePacket } from "../packet.ts";
import { INBOUND_STREAMS } from "../receiver.ts";

export const PEER_TAG = 0x01020304;
/** Close to the wrap, so that every test crosses it. */
export const PEER_TSN = 0xfffffff0;

/** A peer that speaks chunks by hand: the association stands, what comes next is the test's. */
export interface RawPeer {
  readonly channels: DataChannels;
  /** What the listener heard, by name. */
  readonly heard: [string, ...unknown[]][];
  /** The verification tag that packets to us carry. */
  readonly tag: number;
  /** The first TSN of our side. */
  readonly ourTsn: number;
  /** Chunks sent since the last call. */
  taken(): ChunkView[];
  inject(...chunks: Uint8Array[]): void;
}

export function createRawPeer(options: Partial<DataChannelsOptions> = {}): RawPeer {
  const heard: [string, ...unknown[]][] = [];
  let sent: Uint8Array[] = [];
  const channels = createDataChannels({
    negotiated: [{ id: 0, label: "tandem-media.v1", protocol: "" }],
    mtu: 1_160,
    send: packet => sent.push(packet),
    listener: {
      onOpen: ({ id }) => heard.push(["open", id]),
      onMessage: (id, data) => heard.push(["message", id, data]),
      onRequest: () => true,
      onChannelClosed: id => heard.push(["channel closed", id]),
      onWritable: () => heard.push(["writable"]),
      onClosed: reason => heard.push(["closed", reason]),
    },
    ...options,
  });
  const taken = (): ChunkView[] => {
    const chunks = sent.flatMap(packet => readPacket(packet)!.chunks);
    sent = [];
    return chunks;
  };
  const init = {
    tag: PEER_TAG,
    window: 131_072,
    outboundStreams: 65_535,
    inboundStreams: INBOUND_STREAMS,
    initialTsn: PEER_TSN,
  };
  channels.handle(writePacket(0, [encodeInit(ChunkType.init, init)]), 0);
  const { tag, cookie, initialTsn } = parseInit(taken()[0]!.value)!;
  const inject = (...chunks: Uint8Array[]): void => channels.handle(writePacket(tag, chunks), 0);
  inject(writeChunk(ChunkType.cookieEcho, 0, cookie!));
  taken();
  heard.length = 0;
  return { channels, heard, tag, ourTsn: initialTsn, taken, inject };
}

import type { Codec } from "../codec/codec.ts";
import { redPrimaryOffset } from "../codec/red.ts";
import { readUint16 } from "../rtp/bytes.ts";
import {
  audioLevelByte,
  createExtensionFields,
  EXTENSION,
  type ExtensionMap,
  readExtensions,
  textOf,
} from "../rtp/header-extensions.ts";
import { createRtpHeader, readRtp } from "../rtp/rtp-header.ts";
import type { Layer } from "./layer.ts";

/** What a payload type of a sending m-line stands for. */
export type PayloadFormat =
  | { readonly kind: "media"; readonly payloadType: number; readonly codec: Codec }
  | { readonly kind: "rtx"; readonly payloadType: number; readonly associated: number }
  | { readonly kind: "red"; readonly payloadType: number; readonly primary: number };

/** One m-line the peer sends on. */
export interface InboundMedia {
  readonly mid: string;
  readonly formats: readonly PayloadFormat[];
  /** One layer per RID, or a single one with the empty RID; none while nothing is published on it. */
  readonly layers: readonly Layer[];
}

/** Why a packet went no further; counted in {@link Inbound.dropped}. */
export const INBOUND_DROPS = [
  "malformed",
  "unknownStream",
  "unpublished",
  "unknownPayloadType",
  "tooManyStreams",
] as const;
export type InboundDrop = (typeof INBOUND_DROPS)[number];

/** One SSRC of the peer. It stays bound when its m-line's layers go: browsers name an m-line in the first packets only. */
interface Stream {
  readonly media: Media;
  readonly rid: string;
  layer: Layer | undefined;
}

/** An m-line with its payload types in a table. */
interface Media {
  readonly mid: string;
  readonly formats: (PayloadFormat | undefined)[];
  layers: readonly Layer[];
}

const MAX_STREAMS = 64;
const header = createRtpHeader();
const fields = createExtensionFields();

/**
 * All that one session's peer sends: finds the layer a packet belongs to (declared SSRC, else MID and RID as in
 * RFC 8843 §9.2 and RFC 8852, else a payload type only one m-line has), takes RTX and RED off, and hands it over.
 */
export class Inbound {
  readonly dropped: Record<InboundDrop, number> = {
    malformed: 0,
    unknownStream: 0,
    unpublished: 0,
    unknownPayloadType: 0,
    tooManyStreams: 0,
  };
  /** Layers of all m-lines, whether packets came for them or not. */
  layers: readonly Layer[] = [];
  private readonly streams = new Map<number, Stream>();
  private readonly media: Media[] = [];
  private extensions: ExtensionMap;

  constructor(extensions: ExtensionMap) {
    this.extensions = extensions;
  }

  /** Header extension ids of the session; BUNDLE makes them the same for all m-lines. */
  setExtensions(extensions: ExtensionMap): void {
    this.extensions = extensions;
  }

  /** Adds an m-line; SSRCs that its offer declares are bound with {@link bind}. */
  addMedia({ mid, formats: list, layers }: InboundMedia): void {
    const formats: (PayloadFormat | undefined)[] = new Array(128).fill(undefined);
    for (const format of list) formats[format.payloadType & 0x7f] = format;
    this.media.push({ mid, formats, layers });
    this.layers = this.media.flatMap(each => each.layers);
  }

  /** Other layers take what comes on an m-line from now on; without any it is dropped. */
  setLayers(mid: string, layers: readonly Layer[]): void {
    const media = this.media.find(candidate => candidate.mid === mid);
    if (media === undefined) return;
    media.layers = layers;
    this.layers = this.media.flatMap(each => each.layers);
    for (const stream of this.streams.values()) if (stream.media === media) stream.layer = layerFor(media, stream.rid);
  }

  /** Binds an SSRC (of media or RTX alike) to an m-line and a RID of it. @returns false when there are too many. */
  bind(ssrc: number, mid: string, rid: string): boolean {
    const media = this.media.find(candidate => candidate.mid === mid);
    if (media === undefined || this.streams.size >= MAX_STREAMS) return false;
    this.streams.set(ssrc, { media, rid, layer: layerFor(media, rid) });
    return true;
  }

  /** The layer whose media (not RTX) came with this SSRC last. */
  layerOf(ssrc: number): Layer | undefined {
    const stream = this.streams.get(ssrc);
    return stream?.layer?.ssrc === ssrc ? stream.layer : undefined;
  }

  /** Takes an unprotected RTP packet. @returns whether a layer took it. */
  receive(bytes: Buffer, offset: number, length: number, now: number): boolean {
    if (!readRtp(bytes, offset, length, header)) return this.drop("malformed");
    const known = this.streams.get(header.ssrc);
    if (header.extensionLength === 0) fields.offset.fill(-1);
    else if (!readExtensions(bytes, header, this.extensions, fields)) {
      return this.drop("malformed");
    }
    const stream = known ?? this.recognise(bytes);
    if (stream === undefined) return false;
    const { layer } = stream;
    if (layer === undefined) return this.drop("unpublished");
    const format = stream.media.formats[header.payloadType];
    if (format === undefined) return this.drop("unknownPayloadType");
    if (format.kind === "rtx") return this.receiveRetransmission(bytes, stream.media, layer, format.associated, now);
    let { codec } = layer;
    if (format.kind === "red") {
      const primary = redPrimaryOffset(bytes, header.payloadOffset, header.payloadLength, format.primary);
      if (primary < 0) return this.drop("malformed");
      header.payloadLength -= primary - header.payloadOffset;
      header.payloadOffset = primary;
    } else codec = format.codec;
    return this.deliver(bytes, layer, codec, now);
  }

  private deliver(bytes: Buffer, layer: Layer, codec: Codec, now: number): boolean {
    if (layer.ssrc !== header.ssrc) {
      this.streams.delete(layer.ssrc);
      layer.useSsrc(header.ssrc, now);
    }
    if (layer.codec !== codec) layer.useCodec(codec, now);
    return layer.receive(bytes, header, audioLevelByte(bytes, fields), now, false);
  }

  /** RFC 4588 §4: the original sequence number stands before the payload. One without it is a probe. */
  private receiveRetransmission(bytes: Buffer, media: Media, layer: Layer, associated: number, now: number): boolean {
    if (header.payloadLength < 2 || layer.highest < 0) return false;
    const format = media.formats[associated];
    if (format?.kind !== "media" || format.codec !== layer.codec) return this.drop("unknownPayloadType");
    header.sequence = readUint16(bytes, header.payloadOffset);
    header.payloadOffset += 2;
    header.payloadLength -= 2;
    return layer.receive(bytes, header, audioLevelByte(bytes, fields), now, true);
  }

  /** Binds an SSRC that wasn't declared. */
  private recognise(bytes: Buffer): Stream | undefined {
    const media = this.mediaOf(textOf(bytes, fields, EXTENSION.mid));
    const rid = textOf(bytes, fields, EXTENSION.rid) || textOf(bytes, fields, EXTENSION.repairedRid);
    if (media === undefined || (media.layers.length > 0 && layerFor(media, rid) === undefined)) {
      this.drop("unknownStream");
      return undefined;
    }
    if (!this.bind(header.ssrc, media.mid, rid)) {
      this.drop("tooManyStreams");
      return undefined;
    }
    return this.streams.get(header.ssrc);
  }

  private mediaOf(mid: string): Media | undefined {
    if (mid !== "") return this.media.find(candidate => candidate.mid === mid);
    const candidates = this.media.filter(({ formats }) => formats[header.payloadType] !== undefined);
    return candidates.length === 1 ? candidates[0] : undefined;
  }

  private drop(reason: InboundDrop): false {
    this.dropped[reason]++;
    return false;
  }
}

function layerFor({ layers }: Media, rid: string): Layer | undefined {
  return layers.length === 1 && rid === "" ? layers[0] : layers.find(layer => layer.rid === rid);
}

export function createInbound(extensions: ExtensionMap): Inbound {
  return new Inbound(extensions);
}

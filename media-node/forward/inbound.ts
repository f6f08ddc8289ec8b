import type { Codec } from "../codec/codec.ts";
import { redPrimaryOffset } from "../codec/red.ts";
import { readUint16 } from "../rtp/bytes.ts";
import {
  createExtensionFields,
  EXTENSION,
  type ExtensionMap,
  readExtensions,
  textOf,
} from "../rtp/header-extensions.ts";
import { createRtpHeader, readRtp } from "../rtp/rtp-header.ts";
import type { Layer } from "./layer.ts";
import { NO_LEVEL } from "./packet-ring.ts";

/** What a payload type of a sending m-line stands for. */
export type PayloadFormat =
  | { readonly kind: "media"; readonly payloadType: number; readonly codec: Codec }
  | { readonly kind: "rtx"; readonly payloadType: number; readonly associated: number }
  | { readonly kind: "red"; readonly payloadType: number; readonly primary: number };

/** One m-line the peer sends on. */
export interface InboundMedia {
  readonly mid: string;
  readonly formats: readonly PayloadFormat[];
  /** One layer per RID, or a single one with the empty RID. */
  readonly layers: readonly Layer[];
}

/** Why a packet went no further; counted in {@link Inbound.dropped}. */
export const INBOUND_DROPS = ["malformed", "unknownStream", "unknownPayloadType", "tooManyStreams"] as const;
export type InboundDrop = (typeof INBOUND_DROPS)[number];

/** One SSRC of the peer. */
interface Stream {
  readonly media: Media;
  readonly layer: Layer;
  readonly ssrc: number;
}

/** An m-line with its payload types in a table. */
interface Media {
  readonly description: InboundMedia;
  readonly formats: (PayloadFormat | undefined)[];
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
    unknownPayloadType: 0,
    tooManyStreams: 0,
  };
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
  addMedia(description: InboundMedia): void {
    const formats: (PayloadFormat | undefined)[] = new Array(128).fill(undefined);
    for (const format of description.formats) formats[format.payloadType & 0x7f] = format;
    this.media.push({ description, formats });
  }

  /** Takes an m-line out; what comes for it finds no layer any more. */
  removeMedia(mid: string): void {
    const at = this.media.findIndex(({ description }) => description.mid === mid);
    if (at < 0) return;
    const [removed] = this.media.splice(at, 1);
    for (const [ssrc, { media }] of this.streams) if (media === removed) this.streams.delete(ssrc);
  }

  /** Binds an SSRC (of media or RTX alike) to a layer of an m-line. @returns false when there are too many. */
  bind(ssrc: number, mid: string, layer: Layer): boolean {
    const media = this.media.find(({ description }) => description.mid === mid);
    if (media === undefined || this.streams.size >= MAX_STREAMS) return false;
    this.streams.set(ssrc, { media, layer, ssrc });
    return true;
  }

  /** The layer whose media (not RTX) came with this SSRC last. */
  layerOf(ssrc: number): Layer | undefined {
    const stream = this.streams.get(ssrc);
    return stream?.layer.ssrc === ssrc ? stream.layer : undefined;
  }

  /** Layers that packets came for. */
  layers(): Layer[] {
    const all = this.media.flatMap(({ description }) => description.layers);
    return all.filter(layer => layer.highest >= 0);
  }

  /** Takes an unprotected RTP packet. @returns whether a layer took it. */
  receive(bytes: Buffer, offset: number, length: number, now: number): boolean {
    if (!readRtp(bytes, offset, length, header)) return this.drop("malformed");
    if (header.extensionLength > 0) {
      if (!readExtensions(bytes, header, this.extensions, fields)) return this.drop("malformed");
    } else fields.offset.fill(-1);
    const stream = this.streams.get(header.ssrc) ?? this.recognise(bytes);
    if (stream === undefined) return false;
    const format = stream.media.formats[header.payloadType];
    if (format === undefined) return this.drop("unknownPayloadType");
    if (format.kind === "rtx") return this.receiveRetransmission(bytes, stream, format.associated, now);
    let { codec } = stream.layer;
    if (format.kind === "red") {
      const primary = redPrimaryOffset(bytes, header.payloadOffset, header.payloadLength, format.primary);
      if (primary < 0) return this.drop("malformed");
      header.payloadLength -= primary - header.payloadOffset;
      header.payloadOffset = primary;
    } else codec = format.codec;
    return this.deliver(bytes, stream, codec, now);
  }

  private deliver(bytes: Buffer, stream: Stream, codec: Codec, now: number): boolean {
    const { layer } = stream;
    if (layer.ssrc !== header.ssrc) {
      this.streams.delete(layer.ssrc);
      layer.useSsrc(header.ssrc, now);
    }
    if (layer.codec !== codec) layer.useCodec(codec, now);
    return layer.receive(bytes, header, levelByte(bytes), now, false);
  }

  /** RFC 4588 §4: the original sequence number stands before the payload. One without it is a probe. */
  private receiveRetransmission(bytes: Buffer, stream: Stream, associated: number, now: number): boolean {
    const { layer, media } = stream;
    if (header.payloadLength < 2 || layer.highest < 0) return false;
    const format = media.formats[associated];
    if (format?.kind !== "media" || format.codec !== layer.codec) return this.drop("unknownPayloadType");
    header.sequence = readUint16(bytes, header.payloadOffset);
    header.payloadOffset += 2;
    header.payloadLength -= 2;
    return layer.receive(bytes, header, levelByte(bytes), now, true);
  }

  /** Binds an SSRC that wasn't declared. */
  private recognise(bytes: Buffer): Stream | undefined {
    const media = this.mediaOf(textOf(bytes, fields, EXTENSION.mid));
    const rid = textOf(bytes, fields, EXTENSION.rid) || textOf(bytes, fields, EXTENSION.repairedRid);
    const layers = media?.description.layers ?? [];
    const layer = layers.length === 1 && rid === "" ? layers[0] : layers.find(candidate => candidate.rid === rid);
    if (media === undefined || layer === undefined) {
      this.drop("unknownStream");
      return undefined;
    }
    if (!this.bind(header.ssrc, media.description.mid, layer)) {
      this.drop("tooManyStreams");
      return undefined;
    }
    return this.streams.get(header.ssrc);
  }

  private mediaOf(mid: string): Media | undefined {
    if (mid !== "") return this.media.find(({ description }) => description.mid === mid);
    const candidates = this.media.filter(({ formats }) => formats[header.payloadType] !== undefined);
    return candidates.length === 1 ? candidates[0] : undefined;
  }

  private drop(reason: InboundDrop): false {
    this.dropped[reason]++;
    return false;
  }
}

/** The audio level byte as it came; "voice, but silent" counts as silence, since its value marks absence. */
function levelByte(bytes: Buffer): number {
  const offset = fields.offset[EXTENSION.audioLevel]!;
  if (offset < 0) return NO_LEVEL;
  const level = bytes[offset]!;
  return level === NO_LEVEL ? 0x7f : level;
}

export function createInbound(extensions: ExtensionMap): Inbound {
  return new Inbound(extensions);
}

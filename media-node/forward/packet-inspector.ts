import { type Codec, createPayloadInfo } from "../codec/codec.ts";
import type { RtpHeader } from "../rtp/rtp-header.ts";
import { PACKET } from "./packet-ring.ts";

/** Looks at one layer's payloads, and remembers what can be told only from several. */
export class PacketInspector {
  /** What the last packet looked at holds. */
  readonly info = createPayloadInfo();
  private sendsParameterSets = false;

  /**
   * Fills {@link info} from a packet. `previous` is the descriptor of the layer's newest packet.
   * @returns false when the payload is malformed.
   */
  inspect(codec: Codec, bytes: Uint8Array, header: RtpHeader, previous: number): boolean {
    const { info } = this;
    if (header.payloadLength > 0) {
      return codec.inspect(bytes, header.payloadOffset, header.payloadLength, previous, info);
    }
    info.frameStart = false;
    info.keyFrame = false;
    info.parameterSets = false;
    info.descriptor = previous;
    info.duration = 0;
    return true;
  }

  /**
   * {@link PACKET} flags of the packet looked at. A sink may begin with any audio packet, and with the first packet of a
   * key frame. In H.264 that is the one with the parameter sets where they travel in band, since a picture without them
   * can't be decoded; a stream that never sent any has them in its SDP and begins with the first packet of an IDR picture.
   * @param startsFrame whether the packet before is known and belongs to another frame.
   */
  flags(codec: Codec, header: RtpHeader, startsFrame: boolean): number {
    const marker = header.marker ? PACKET.marker : 0;
    if (header.payloadLength === 0) return marker | PACKET.empty;
    const { frameStart, keyFrame, parameterSets } = this.info;
    if (parameterSets) this.sendsParameterSets = true;
    if (!keyFrame || !frameStart) return marker;
    const starts = !codec.hasParameterSets || parameterSets || (startsFrame && !this.sendsParameterSets);
    return starts ? marker | PACKET.start : marker;
  }

  /** Another codec or stream comes. */
  reset(): void {
    this.sendsParameterSets = false;
  }
}

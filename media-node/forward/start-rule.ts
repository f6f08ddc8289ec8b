import type { Codec, PayloadInfo } from "../codec/codec.ts";

/**
 * Where in a stream a sink may begin: with any audio packet, with the first packet of a key frame. In H.264 that is the
 * one with the parameter sets where they travel in band, since a picture without them can't be decoded; a stream that
 * never sent any has them in its SDP, and begins with the first packet of an IDR picture.
 */
export class StartRule {
  private sendsParameterSets = false;

  /** @param startsFrame whether the packet before is known and belongs to another frame. */
  mayStart(codec: Codec, info: PayloadInfo, startsFrame: boolean): boolean {
    if (info.parameterSets) this.sendsParameterSets = true;
    if (!info.keyFrame || !info.frameStart) return false;
    if (!codec.hasParameterSets) return true;
    return info.parameterSets || (startsFrame && !this.sendsParameterSets);
  }

  reset(): void {
    this.sendsParameterSets = false;
  }
}

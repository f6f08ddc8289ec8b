import { codecOf } from "../codec/codecs.ts";
import type { PayloadFormat } from "../forward/inbound.ts";
import type { SlotExtensions, SlotFormat } from "../forward/slot.ts";
import { createExtensionMap, type ExtensionIds, type ExtensionMap } from "../rtp/header-extensions.ts";
import type { NegotiatedMedia } from "../sdp/negotiate.ts";

/** What the payload types of an m-line that the peer sends on stand for. */
export function inboundFormats({ codecs }: NegotiatedMedia): PayloadFormat[] {
  return codecs.flatMap(({ name, payloadType, rtxPayloadType }): PayloadFormat[] => {
    const codec = codecOf(name);
    if (codec === undefined) return [];
    const media: PayloadFormat = { kind: "media", payloadType, codec };
    return rtxPayloadType < 0
      ? [media]
      : [media, { kind: "rtx", payloadType: rtxPayloadType, associated: payloadType }];
  });
}

/** What we may send on an m-line. */
export function slotFormats({ codecs }: NegotiatedMedia): SlotFormat[] {
  return codecs.flatMap(({ name, payloadType, rtxPayloadType }): SlotFormat[] => {
    const codec = codecOf(name);
    if (codec === undefined) return [];
    const format = { codec: codec.name, payloadType };
    return [rtxPayloadType < 0 ? format : { ...format, rtxPayloadType }];
  });
}

/**
 * Header extensions to write on an m-line. No transport-wide numbers: they would make browsers send feedback of that kind
 * instead of the estimates that protect a receiver now.
 */
export function slotExtensions({ extensions: { audioLevel, absSendTime } }: NegotiatedMedia): SlotExtensions {
  return {
    ...(audioLevel === 0 ? {} : { audioLevel }),
    ...(absSendTime === 0 ? {} : { absoluteSendTime: absSendTime }),
  };
}

/** Header extensions that may come. BUNDLE makes ids mean the same on all m-lines; where a peer differs, the first counts. */
export function inboundExtensions(lines: readonly NegotiatedMedia[]): ExtensionMap {
  const ids: ExtensionIds = {};
  const taken = new Set<number>();
  const add = (name: keyof ExtensionIds, id: number): void => {
    if (id === 0 || ids[name] !== undefined || taken.has(id)) return;
    ids[name] = id;
    taken.add(id);
  };
  for (const { extensions } of lines) {
    add("mid", extensions.mid);
    add("rid", extensions.rid);
    add("repairedRid", extensions.repairedRid);
    add("audioLevel", extensions.audioLevel);
    add("absoluteSendTime", extensions.absSendTime);
    add("transportNumber", extensions.transportCc);
  }
  return createExtensionMap(ids);
}

import { codecOf } from "../codec/codecs.ts";
import type { PayloadFormat } from "../forward/inbound.ts";
import type { SlotExtensions, SlotFormat } from "../forward/slot.ts";
import { createExtensionMap, type ExtensionMap } from "../rtp/header-extensions.ts";
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

/** Header extensions that may come: an id means the same on all m-lines, but one extension may have several ids. */
export function inboundExtensions(lines: readonly NegotiatedMedia[]): ExtensionMap {
  const map = createExtensionMap({});
  for (const { extensions } of lines) {
    const { mid, rid, repairedRid, audioLevel, absSendTime, transportCc } = extensions;
    const named = { mid, rid, repairedRid, audioLevel, absoluteSendTime: absSendTime, transportNumber: transportCc };
    const ids = Object.entries(named).filter(([, id]) => id !== 0);
    const own = createExtensionMap(Object.fromEntries(ids));
    for (const [, id] of ids) map[id] = own[id]!;
  }
  return map;
}

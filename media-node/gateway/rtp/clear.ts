import { createSrtpCounters } from "../../srtp/failure.ts";
import type { InboundSrtp } from "../../srtp/inbound.ts";
import type { OutboundSrtp } from "../../srtp/outbound.ts";

/** In place of SRTP where packets come as they are. */
export const createClearInbound = (): InboundSrtp => ({
  counters: createSrtpCounters(),
  unprotectRtp: (_buffer, _offset, length) => length,
  unprotectRtcp: (_buffer, _offset, length) => length,
  close() {},
});

/** In place of SRTP where packets leave as they are. */
export const createClearOutbound = (): OutboundSrtp => ({
  rtpOverhead: 0,
  rtcpOverhead: 0,
  counters: createSrtpCounters(),
  protectRtp: (_buffer, _offset, headerLength, payloadLength) => headerLength + payloadLength,
  protectRtcp: (_buffer, _offset, length) => length,
  close() {},
});

/** For whoever has no key to speak with: nothing of it may be sent. */
export const createMuteOutbound = (): OutboundSrtp => ({
  ...createClearOutbound(),
  protectRtp: () => 0,
  protectRtcp: () => 0,
});

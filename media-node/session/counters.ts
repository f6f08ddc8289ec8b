/** What a worker's sessions dropped, and why: packets unless a line says otherwise. One record per worker. */
export interface SessionCounters {
  /** First byte of no protocol we speak (RFC 7983), or too short for it. */
  "packet.unknown": number;
  /** DTLS, RTP or RTCP from an address that no session has validated. */
  "packet.stranger": number;
  /** RTP or RTCP before DTLS finished. */
  "packet.early": number;
  /** STUN that names no session of this worker. */
  "stun.unknown": number;
  "stun.malformed": number;
  "stun.unsigned": number;
  "stun.unauthentic": number;
  /** Checks beyond a path's budget. */
  "stun.limited": number;
  /** Requests answered with an error for another reason, and responses to nothing of ours. */
  "stun.refused": number;
  /** Authentic RTP whose header, padding or extensions don't fit the packet. */
  "rtp.malformed": number;
  /** Authentic RTP of no m-line that sends. */
  "rtp.unbound": number;
  /** RTP of a codec that wasn't negotiated. */
  "rtp.format": number;
  /** RTP beyond the SSRCs that a session may have. */
  "rtp.streams": number;
  /** Packets that made no sense to their layer, or came twice. */
  "rtp.refused": number;
  "rtcp.malformed": number;
  /** Data channel messages that are no message of the protocol. */
  "data.malformed": number;
  /** Data channel messages beyond the rate. */
  "data.limited": number;
  /** Data channel messages that found the buffer full. */
  "data.dropped": number;
  "dtls.failed": number;
  "session.opened": number;
  "session.connected": number;
  "session.timeout": number;
}

export function createSessionCounters(): SessionCounters {
  return {
    "packet.unknown": 0,
    "packet.stranger": 0,
    "packet.early": 0,
    "stun.unknown": 0,
    "stun.malformed": 0,
    "stun.unsigned": 0,
    "stun.unauthentic": 0,
    "stun.limited": 0,
    "stun.refused": 0,
    "rtp.malformed": 0,
    "rtp.unbound": 0,
    "rtp.format": 0,
    "rtp.streams": 0,
    "rtp.refused": 0,
    "rtcp.malformed": 0,
    "data.malformed": 0,
    "data.limited": 0,
    "data.dropped": 0,
    "dtls.failed": 0,
    "session.opened": 0,
    "session.connected": 0,
    "session.timeout": 0,
  };
}

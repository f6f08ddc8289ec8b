/** What a worker's sessions dropped before it was authentic, and why: packets unless a line says otherwise. One record per worker. */
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
  /** Data channel messages that are no message of the protocol. */
  "data.malformed": number;
  /** Data channel messages beyond the rate. */
  "data.limited": number;
  /** Data channel messages that found the buffer full. */
  "data.dropped": number;
  /** Sessions made, connected, and ended without our doing: by silence, a failed handshake, or the peer's word. */
  "session.opened": number;
  "session.connected": number;
  "session.timeout": number;
  "session.dtls-failed": number;
  "session.peer-closed": number;
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
    "data.malformed": 0,
    "data.limited": 0,
    "data.dropped": 0,
    "session.opened": 0,
    "session.connected": 0,
    "session.timeout": 0,
    "session.dtls-failed": 0,
    "session.peer-closed": 0,
  };
}

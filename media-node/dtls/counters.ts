/** What an endpoint dropped, and why; each counts records unless it says otherwise. */
export interface DtlsCounters {
  /** Rests of datagrams, payloads or messages that don't parse. */
  malformed: number;
  /** Records of epoch 0 after the handshake: forged hellos and alerts, or late retransmissions. */
  plaintext: number;
  replayed: number;
  /** Records that didn't authenticate. */
  unauthentic: number;
  /** Records and fragments that have no place in the current state. */
  unexpected: number;
  /** ClientHellos dropped because the worker's handshake budget was spent. */
  throttled: number;
  /** Flights sent again, by our timer or for the peer's retransmission. */
  retransmitted: number;
}

export function createDtlsCounters(): DtlsCounters {
  return { malformed: 0, plaintext: 0, replayed: 0, unauthentic: 0, unexpected: 0, throttled: 0, retransmitted: 0 };
}

/** Congestion control of one path (RFC 9260 §7.2), in bytes. */
export interface CongestionWindow {
  readonly size: number;
  /** An acknowledgement moved the cumulative TSN. `wasFull`: the window limited the sender before it. */
  onAcknowledged(bytes: number, wasFull: boolean, flightNow: number): void;
  /** Loss noticed by missing reports: halves the window. */
  onFastRetransmit(): void;
  /** The retransmission timer ran out: back to one packet. */
  onTimeout(): void;
}

export function createCongestionWindow(mtu: number): CongestionWindow {
  let size = Math.min(4 * mtu, Math.max(2 * mtu, 4_404));
  let threshold = Number.POSITIVE_INFINITY;
  let partial = 0;
  const halve = (): void => {
    threshold = Math.max(size / 2, 4 * mtu);
    partial = 0;
  };
  return {
    get size() {
      return size;
    },
    onAcknowledged(bytes, wasFull, flightNow) {
      if (size <= threshold) {
        if (wasFull) size += Math.min(bytes, mtu);
      } else {
        partial += bytes;
        if (partial >= size && wasFull) {
          partial -= size;
          size += mtu;
        }
      }
      if (flightNow === 0) partial = 0;
    },
    onFastRetransmit() {
      halve();
      size = threshold;
    },
    onTimeout() {
      halve();
      size = mtu;
    },
  };
}

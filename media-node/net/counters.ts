/** Counts of one UDP port since it was opened. Read them, don't write them. */
export interface UdpCounters {
  /** Datagrams that came, and those of them that no path was left for. */
  received: number;
  withoutPath: number;
  /** Datagrams that the kernel took, in so many messages. */
  sent: number;
  messages: number;
  /** Datagrams dropped because the socket's buffer was full, and because their destination was refused. */
  dropped: number;
  refused: number;
  /** Paths that refused a segmented message and are served one by one. */
  singlePaths: number;
  /** Failures that the runtime told only later; on Node without sendmmsg that is how a refused datagram shows. */
  errors: number;
}

export function createUdpCounters(): UdpCounters {
  return { received: 0, withoutPath: 0, sent: 0, messages: 0, dropped: 0, refused: 0, singlePaths: 0, errors: 0 };
}

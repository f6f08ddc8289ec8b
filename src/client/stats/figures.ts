/** What is measured of one connection. */
export interface Figures {
  /** Share of packets lost, 0 to 1, in the worse direction, smoothed over a few seconds. */
  readonly loss: number;
  /** Round trip in ms; undefined until it has been measured. */
  readonly rtt: number | undefined;
  /** Whether a TURN server stands between. */
  readonly relay: boolean;
  /** What holds our video back. */
  readonly limit: "cpu" | "bandwidth" | undefined;
  /** bit/s received and sent. */
  readonly received: number;
  readonly sent: number;
}

/** Of a new reading, in the smoothed loss. */
const WEIGHT = 0.5;

// Members of reports that TypeScript's DOM types leave out or hide behind their base type.
type Report = RTCStats & Record<string, unknown>;
const number = (value: unknown): number => (typeof value === "number" ? value : 0);

interface Totals {
  readonly at: number;
  readonly packets: number;
  readonly lost: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const chosenPair = (reports: readonly Report[]): Report | undefined => {
  const transport = reports.find(({ type }) => type === "transport");
  const id = transport?.selectedCandidatePairId;
  // Firefox has no transport report and marks the pair instead.
  return reports.find(report => (id ? report.id === id : report.type === "candidate-pair" && report.selected));
};

/** Reads a connection's reports one after the other; figures are about the time between two. */
export function createFiguresReader(): (reports: RTCStatsReport) => Figures {
  let before: Totals | undefined;
  let loss = 0;

  return stats => {
    const reports = [...stats.values()] as Report[];
    const of = (type: string): Report[] => reports.filter(report => report.type === type);
    const sum = (list: readonly Report[], member: string): number =>
      list.reduce((total, report) => total + number(report[member]), 0);
    const inbound = of("inbound-rtp");
    const outbound = of("outbound-rtp");
    const now: Totals = {
      at: inbound[0]?.timestamp ?? outbound[0]?.timestamp ?? 0,
      packets: sum(inbound, "packetsReceived"),
      lost: sum(inbound, "packetsLost"),
      bytesIn: sum(inbound, "bytesReceived"),
      bytesOut: sum(outbound, "bytesSent"),
    };
    // A source that went takes its counts along.
    const since = (member: keyof Totals): number => Math.max(0, now[member] - (before?.[member] ?? now[member]));
    const lost = since("lost");
    const expected = lost + since("packets");
    const away = Math.max(0, ...of("remote-inbound-rtp").map(report => number(report.fractionLost)));
    const reading = Math.max(expected > 0 ? lost / expected : 0, away);
    loss += (reading - loss) * (before ? WEIGHT : 1);
    const seconds = since("at") / 1_000;
    const rate = (member: "bytesIn" | "bytesOut"): number => (seconds > 0 ? (8 * since(member)) / seconds : 0);
    const [received, sent] = [rate("bytesIn"), rate("bytesOut")];
    before = now;

    const pair = chosenPair(reports);
    const ends = [pair?.localCandidateId, pair?.remoteCandidateId];
    const relay = reports.some(({ id, candidateType }) => ends.includes(id) && candidateType === "relay");
    const limits = outbound.map(report => report.qualityLimitationReason);
    const rtt = pair?.currentRoundTripTime;
    return {
      loss,
      rtt: typeof rtt === "number" ? rtt * 1_000 : undefined,
      relay,
      limit: limits.includes("cpu") ? "cpu" : limits.includes("bandwidth") ? "bandwidth" : undefined,
      received,
      sent,
    };
  };
}

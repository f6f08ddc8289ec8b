/**
 * Receiving process: one session per receiver. It authenticates and decrypts every packet, and counts those only; it
 * reports back once a second, as players do.
 */
import { PacketKind } from "../../media-node/net/demux.ts";
import { createReportBlock } from "../../media-node/rtp/rtcp-reports.ts";
import { createRtcpWriter } from "../../media-node/rtp/rtcp-writer.ts";
import { readUint16, readUint32, rtpHeaderLength } from "../../media-node/srtp/packet.ts";
import { createHistogram, type Histogram } from "../floor/histogram.ts";
import { createSharedClock } from "../floor/shape.ts";
import { openSocketSet } from "../floor/socket-set.ts";
import { createCrowd } from "./crowd.ts";
import { PHASE_IN_PAYLOAD, TIMESTAMP_IN_PAYLOAD } from "./frame.ts";
import { type Counts, type Opened, PHASES, type Question } from "./messages.ts";

/** A pause between looks: waking a receiver for every packet would be charged to the server that sends it. */
const PAUSE_MICROSECONDS = 200;
const HOUSEKEEPING = 20;
const REPORT_INTERVAL = 1_000;

const sharedNow = createSharedClock();
const answer = (value: object): void => void process.send?.(value);

process.on("disconnect", () => process.exit());
process.once("message", (question: Extract<Question, { type: "open" }>) => void run(question));

async function run({ count, server }: Extract<Question, { type: "open" }>): Promise<void> {
  const sockets = openSocketSet({ count });
  const crowd = createCrowd(sockets, server);
  const view = new DataView(sockets.data.buffer);
  const authentic = new Float64Array(PHASES);
  const latencies: Histogram[] = [];
  const heard = new Float64Array(count).fill(-1);
  const sequences = new Uint16Array(count);
  const block = createReportBlock();
  const writer = createRtcpWriter({ ssrc: 1, cname: "load", reducedSize: true });
  let reporter = 0;

  function receive(client: number, at: number, length: number, kind: PacketKind): void {
    if (kind !== PacketKind.rtp) return;
    const plain = crowd.clients[client]!.inbound?.unprotectRtp(sockets.data, at, length) ?? -1;
    if (plain < 0) return;
    heard[client] = readUint32(sockets.data, at + 8);
    sequences[client] = readUint16(sockets.data, at + 2);
    const payload = at + rtpHeaderLength(sockets.data, at, plain);
    const phase = sockets.data[payload + PHASE_IN_PAYLOAD]!;
    authentic[phase]!++;
    latencies[phase] ??= createHistogram();
    latencies[phase].add(sharedNow() - view.getFloat64(payload + TIMESTAMP_IN_PAYLOAD));
  }

  /** A report without loss from the next few of those who hear something: all in turn within the interval. */
  function report(): void {
    for (let due = Math.ceil((count * HOUSEKEEPING) / REPORT_INTERVAL); due > 0; due--) {
      const client = reporter;
      reporter = (reporter + 1) % count;
      const { outbound } = crowd.clients[client]!;
      if (heard[client]! < 0 || outbound === undefined) continue;
      block.ssrc = heard[client]!;
      block.highestSequence = sequences[client]!;
      writer.begin(sockets.outgoing, 0, 1_000);
      writer.reportBlock(block);
      sockets.send(client, outbound.protectRtcp(sockets.outgoing, 0, writer.finish()), server);
    }
  }

  process.on("message", async (question: Question) => {
    if (question.type === "connect") {
      await crowd.connect(question.answers);
      answer({});
      void receiveForEver();
    } else if (question.type === "counts") {
      const { phase } = question;
      const [p50 = Number.NaN, p99 = Number.NaN, p999 = Number.NaN] = [0.5, 0.99, 0.999].map(
        share => latencies[phase]?.quantile(share) ?? Number.NaN,
      );
      answer({ authentic: authentic[phase]!, p50, p99, p999 } satisfies Counts);
    }
  });
  answer({ offers: crowd.offers } satisfies Opened);

  /** Polls without the event loop, which would cost more than the packets; looks after messages in between. */
  async function receiveForEver(): Promise<void> {
    for (;;) {
      const until = sharedNow() + HOUSEKEEPING;
      do {
        sockets.sleep(PAUSE_MICROSECONDS);
        crowd.read(receive);
      } while (sharedNow() < until);
      crowd.tick();
      report();
      await new Promise(resolve => setTimeout(resolve, 0));
    }
  }
}

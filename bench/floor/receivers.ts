/**
 * Receiving process: one socket per receiver. It authenticates and decrypts every packet, and counts those only. Any
 * message is answered with the counts so far.
 */
import { createHistogram } from "./histogram.ts";
import { benchInbound, createSharedClock, MEASURED, PHASE_AT, PHASES, type Shape, TIMESTAMP_AT } from "./shape.ts";
import { openSocketSet } from "./socket-set.ts";

/** A pause between looks: waking a receiver for every packet would be charged to the server that sends it. */
const PAUSE_MICROSECONDS = 200;

const sharedNow = createSharedClock();

process.on("disconnect", () => process.exit());
process.once("message", (message: Shape) => void run(message));

async function run(shape: Shape): Promise<void> {
  const count = shape.rooms * shape.receivers;
  const sockets = openSocketSet({ count });
  const view = new DataView(sockets.data.buffer);
  const srtp = Array.from({ length: count }, (_, i) => benchInbound("out", i));
  const latencies = createHistogram();
  const authentic = new Float64Array(PHASES);

  function receive(receiver: number, at: number, length: number): void {
    if ((srtp[receiver]?.unprotectRtp(sockets.data, at, length) ?? -1) < 0) return;
    const phase = view.getUint8(at + PHASE_AT);
    authentic[phase] = (authentic[phase] ?? 0) + 1;
    if (phase === MEASURED) latencies.add(sharedNow() - view.getFloat64(at + TIMESTAMP_AT));
  }

  process.on("message", () => {
    const [p50, p99, p999] = [0.5, 0.99, 0.999].map(latencies.quantile);
    process.send?.({ authentic: [...authentic], p50, p99, p999 });
  });
  process.send?.({ ports: sockets.ports });

  // Polls without the event loop, which would cost more than the packets; looks after messages in between.
  for (;;) {
    const until = sharedNow() + 20;
    do {
      sockets.sleep(PAUSE_MICROSECONDS);
      sockets.drain(receive);
    } while (sharedNow() < until);
    await new Promise(resolve => setTimeout(resolve, 0));
  }
}

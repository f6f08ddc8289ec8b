/**
 * Receiving process: one socket per receiver, emptied by recvmmsg so that it costs less than the server under test. It
 * authenticates and decrypts every packet, and counts those only. Any message is answered with the counts so far.
 */
import { loadBunFfi } from "../../media-node/native/bun-ffi.ts";
import { allocatePinned } from "../../media-node/native/ffi.ts";
import { openBoundFd } from "../../media-node/net/bound-fd.ts";
import { loadLinuxLibc } from "../../media-node/net/linux-libc.ts";
import { tuneSocket } from "../../media-node/net/socket-options.ts";
import { createHistogram } from "./histogram.ts";
import {
  benchInbound,
  createSharedClock,
  LOOPBACK,
  MEASURED,
  PHASE_AT,
  PHASES,
  type Shape,
  TIMESTAMP_AT,
} from "./shape.ts";

const BATCH = 64;
const SLOT = 2048;
const POLLIN = 1;
const BUFFER_BYTES = 1 << 20;

/** A pause between looks: waking a receiver for every packet would be charged to the server that sends it. */
const PAUSE_MICROSECONDS = 200;

const sharedNow = createSharedClock();

process.on("disconnect", () => process.exit());
process.once("message", (message: Shape) => void run(message));

async function run(shape: Shape): Promise<void> {
  const ffi = loadBunFfi();
  const libc = loadLinuxLibc();
  const call = ffi?.load("libc.so.6", {
    poll: { args: ["pointer", "u32", "i32"], returns: "i32" },
    recvmmsg: { args: ["i32", "pointer", "u32", "i32", "pointer"], returns: "i32" },
    getsockname: { args: ["i32", "pointer", "pointer"], returns: "i32" },
    usleep: { args: ["u32"], returns: "i32" },
  });
  if (!ffi || !libc || !call) throw new Error("receivers need Bun on Linux");

  const count = shape.rooms * shape.receivers;
  const name = allocatePinned(ffi, 64);
  const nameView = new DataView(name.bytes.buffer);
  const polls = allocatePinned(ffi, count * 8);
  const pollView = new DataView(polls.bytes.buffer);
  const fds = new Int32Array(count);
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    const fd = openBoundFd(libc, LOOPBACK, 0, 4);
    tuneSocket(libc, fd, 4, BUFFER_BYTES);
    nameView.setUint32(32, 16, true);
    call.getsockname(fd, name.address, name.address + 32);
    fds[i] = fd;
    ports.push(nameView.getUint16(2));
    pollView.setInt32(i * 8, fd, true);
    pollView.setInt16(i * 8 + 4, POLLIN, true);
  }

  const data = allocatePinned(ffi, BATCH * SLOT);
  const dataView = new DataView(data.bytes.buffer);
  const vectors = allocatePinned(ffi, BATCH * 16);
  const vectorView = new DataView(vectors.bytes.buffer);
  const headers = allocatePinned(ffi, BATCH * 64);
  const headerView = new DataView(headers.bytes.buffer);
  for (let i = 0; i < BATCH; i++) {
    vectorView.setBigUint64(i * 16, BigInt(data.address + i * SLOT), true);
    vectorView.setBigUint64(i * 16 + 8, BigInt(SLOT), true);
    headerView.setBigUint64(i * 64 + 16, BigInt(vectors.address + i * 16), true);
    headerView.setBigUint64(i * 64 + 24, 1n, true);
  }
  const srtp = Array.from({ length: count }, (_, i) => benchInbound("out", i));
  const latencies = createHistogram();
  const authentic = new Float64Array(PHASES);

  function drain(receiver: number): void {
    for (;;) {
      const got = call?.recvmmsg(fds[receiver] ?? -1, headers.address, BATCH, 0x40, 0) ?? 0;
      const now = sharedNow();
      for (let i = 0; i < got; i++) {
        const length = headerView.getUint32(i * 64 + 56, true);
        if ((srtp[receiver]?.unprotectRtp(data.bytes, i * SLOT, length) ?? -1) < 0) continue;
        const phase = dataView.getUint8(i * SLOT + PHASE_AT);
        authentic[phase] = (authentic[phase] ?? 0) + 1;
        if (phase === MEASURED) latencies.add(now - dataView.getFloat64(i * SLOT + TIMESTAMP_AT));
      }
      if (got < BATCH) return;
    }
  }

  process.on("message", () => {
    const [p50, p99, p999] = [0.5, 0.99, 0.999].map(latencies.quantile);
    process.send?.({ authentic: [...authentic], p50, p99, p999 });
  });
  process.send?.({ ports });

  // Polls without the event loop, which would cost more than the packets; looks after messages in between.
  for (;;) {
    const until = sharedNow() + 20;
    do {
      call.usleep(PAUSE_MICROSECONDS);
      if (call.poll(polls.address, count, 5) <= 0) continue;
      for (let i = 0; i < count; i++) if (pollView.getInt16(i * 8 + 6, true) & POLLIN) drain(i);
    } while (sharedNow() < until);
    await new Promise(resolve => setTimeout(resolve, 0));
  }
}

import type { PinnedMemory } from "../native/ffi.ts";
import { Errno, type LinuxLibc } from "./linux-libc.ts";
import { createMessageBatch, type MessageBatch } from "./message-batch.ts";
import { type Runs, segmentCount } from "./runs.ts";
import { type Transmit, type TransmitterContext, transmitRunByRuntime } from "./runtime-transmitter.ts";
import { SOCKADDR_SIZE } from "./sockaddr.ts";

const MSG_DONTWAIT = 0x40;

/** Most messages that one sendmmsg takes (the kernel's UIO_MAXIOV). */
export const MAX_MESSAGES = 1024;

export interface SendmmsgContext extends TransmitterContext {
  readonly libc: LinuxLibc;
  readonly slabMemory: PinnedMemory;
  readonly sockaddrMemory: PinnedMemory;
}

/**
 * Sends all runs with one sendmmsg per socket, each run as one message that the kernel cuts up (`UDP_SEGMENT`). All
 * sockets must tell their `fd`. Not blocking; after a message that fails it goes on with the next.
 */
export function createSendmmsgTransmitter(context: SendmmsgContext): { transmit: Transmit; release(): void } {
  const { libc, slabMemory, sockaddrMemory, paths, sockets, counters } = context;
  const { call, errno, ffi } = libc;
  const batches = sockets.map(({ local }) =>
    createMessageBatch(ffi, MAX_MESSAGES, local.family, sockaddrMemory.address),
  );
  const singles = sockets.map(({ local }) => createMessageBatch(ffi, 1, local.family, sockaddrMemory.address));

  function sendBatch(fd: number, batch: MessageBatch, single: MessageBatch, runs: Runs): void {
    let next = 0;
    while (next < batch.count) {
      const sent = call.sendmmsg(fd, batch.pointerTo(next), batch.count - next, MSG_DONTWAIT);
      for (let i = 0; i < sent; i++) counters.sent += segmentCount(runs, batch.runs[next + i]!);
      if (sent > 0) {
        counters.messages += sent;
        next += sent;
        continue;
      }
      // Only the first message of a call can fail it.
      const error = errno();
      if (error === Errno.EINTR) continue;
      if (error === Errno.EAGAIN || error === Errno.ENOBUFS) {
        for (; next < batch.count; next++) counters.dropped += segmentCount(runs, batch.runs[next]!);
        return;
      }
      const run = batch.runs[next++]!;
      if (segmentCount(runs, run) > 1 && refusesSegments(error)) sendSingly(fd, single, runs, run);
      else counters.refused += segmentCount(runs, run);
    }
  }

  /** The path can't take segments, its MTU being smaller or its device unable: from now on it gets none. */
  function sendSingly(fd: number, single: MessageBatch, runs: Runs, run: number): void {
    const path = runs.paths[run]!;
    if (!paths.refusesRuns[path]) counters.singlePaths++;
    paths.refusesRuns[path] = 1;
    const size = runs.segmentSizes[run]!;
    const end = runs.offsets[run]! + runs.lengths[run]!;
    for (let from = runs.offsets[run]!; from < end; from += size) {
      const length = Math.min(size, end - from);
      single.write(0, path, slabMemory.address + from, length, length);
      if (call.sendmmsg(fd, single.pointerTo(0), 1, MSG_DONTWAIT) === 1) {
        counters.sent++;
        counters.messages++;
      } else if (errno() === Errno.EAGAIN || errno() === Errno.ENOBUFS) counters.dropped++;
      else counters.refused++;
    }
  }

  return {
    transmit(runs) {
      for (const batch of batches) batch.count = 0;
      for (let run = 0; run < runs.count; run++) {
        const path = runs.paths[run]!;
        if (paths.sockaddrs[path * SOCKADDR_SIZE] === 0) {
          // A carrier's, or an address with a zone, which only the runtime can resolve.
          transmitRunByRuntime(context, runs, run);
          continue;
        }
        const batch = batches[paths.localOf(path)]!;
        const data = slabMemory.address + runs.offsets[run]!;
        batch.runs[batch.count] = run;
        batch.write(batch.count++, path, data, runs.lengths[run]!, runs.segmentSizes[run]!);
      }
      for (let i = 0; i < batches.length; i++) sendBatch(sockets[i]!.fd!, batches[i]!, singles[i]!, runs);
    },
    release() {
      for (const batch of [...batches, ...singles]) batch.release();
    },
  };
}

function refusesSegments(error: number): boolean {
  return error === Errno.EMSGSIZE || error === Errno.EINVAL || error === Errno.EIO || error === Errno.EOPNOTSUPP;
}

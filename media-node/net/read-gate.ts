import type { LinuxLibc } from "./linux-libc.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0x800;
const CLOEXEC = 0x80000;
const F_DUPFD_CLOEXEC = 1030;

/**
 * Makes a runtime that reads a socket until it is empty stop. Bun 1.4.5 does so inside one callback loop: datagrams that
 * come faster than they are handled would keep timers, IPC and all other sockets waiting for ever (2026-11-24).
 *
 * Shutting puts an empty socket in place of the descriptor, so that the next read finds nothing; opening puts the true
 * one back. The event loop's registration belongs to the open file, which a duplicate keeps alive meanwhile.
 */
export interface ReadGate {
  /** The true socket's descriptor, for sending. */
  readonly fd: number;
  shut(): void;
  open(): void;
  release(): void;
}

export function createReadGate({ call }: LinuxLibc, fd: number): ReadGate {
  const empty = call.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | CLOEXEC, 0);
  let kept = -1;

  function open(): void {
    if (kept < 0) return;
    call.dup3(kept, fd, CLOEXEC);
    call.close(kept);
    kept = -1;
  }

  return {
    get fd() {
      return kept < 0 ? fd : kept;
    },
    shut() {
      if (kept >= 0 || empty < 0) return;
      kept = call.fcntl(fd, F_DUPFD_CLOEXEC, 0);
      if (kept >= 0) call.dup3(empty, fd, CLOEXEC);
    },
    open,
    release() {
      open();
      if (empty >= 0) call.close(empty);
    },
  };
}

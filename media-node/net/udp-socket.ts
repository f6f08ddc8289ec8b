import type { LinuxLibc } from "./linux-libc.ts";
import type { GrantedBuffers } from "./socket-options.ts";

/** Where a socket of ours is bound. */
export interface LocalAddress {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/** The runtime's own UDP socket, as little of it as we need. */
export interface UdpSocket {
  readonly local: LocalAddress;
  /** The file descriptor to send on, where the runtime tells it; another one while paused. */
  readonly fd: number | undefined;
  readonly buffers: GrantedBuffers;
  /**
   * Sends datagrams given as [bytes, port, address, bytes, port, address, …]. The bytes may be reused on return. Never
   * blocks or throws: what a full buffer or an unreachable address refuses is dropped, and the others are still sent.
   * @returns how many datagrams left
   */
  sendMany(datagrams: UdpDatagrams): number;
  /**
   * Keeps the runtime from reading on until `resume`, which must come in this turn's `setImmediate`. Nothing is lost.
   * Does nothing where the runtime by itself goes on to other work.
   */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

export type UdpDatagrams = (Uint8Array | number | string)[];

export interface UdpSocketOptions {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly bufferBytes: number;
  readonly libc: LinuxLibc | undefined;
  /** Share the port with other sockets that ask for it. */
  readonly reusePort?: boolean;
  /** Called once per datagram; `bytes` are the callee's until it returns. */
  readonly onDatagram: (bytes: Uint8Array, port: number, address: string) => void;
  readonly onError: () => void;
}

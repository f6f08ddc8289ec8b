import { connect, Socket } from "node:net";
import { allocatePinned } from "../../native/ffi.ts";
import { formatAddress } from "../../net/address.ts";
import { type LinuxLibc, loadLinuxLibc } from "../../net/linux-libc.ts";
import { SOCKADDR_SIZE, writeSockaddr } from "../../net/sockaddr.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
const EISCONN = 106;
const EALREADY = 114;
const EINPROGRESS = 115;
/** Waits between two looks at a connection under way, in milliseconds: short ones first. */
const SHORTEST_WAIT = 1;
const LONGEST_WAIT = 50;

/** Where a connection comes from and goes to: addresses in network order, of one family. */
export interface ConnectFromOptions {
  readonly localAddress: Uint8Array;
  readonly localPort: number;
  readonly address: Uint8Array;
  readonly port: number;
}

/**
 * Connects from a port that is listened on, which neither runtime's own connect can: both sockets need SO_REUSEPORT. The
 * caller bounds the time.
 * @param done called once with the socket, or undefined when there is no way
 * @returns gives up; nothing is called back afterwards
 */
export function connectFrom(options: ConnectFromOptions, done: (socket: Socket | undefined) => void): () => void {
  const libc = loadLinuxLibc();
  return libc ? connectNatively(libc, options, done) : connectSimply(options, done);
}

/** From a port of its own, where the system can't do better: peers that look at addresses alone see no difference. */
function connectSimply(
  { localAddress, address, port }: ConnectFromOptions,
  done: (socket: Socket | undefined) => void,
): () => void {
  const socket = connect({ host: formatAddress(address), port, localAddress: formatAddress(localAddress) });
  socket.pause();
  const fail = (): void => done(undefined);
  socket.once("error", fail);
  socket.once("connect", () => {
    socket.off("error", fail);
    done(socket);
  });
  return () => {
    socket.off("error", fail);
    socket.on("error", () => {});
    socket.destroy();
  };
}

function connectNatively(
  { ffi, call, errno }: LinuxLibc,
  { localAddress, localPort, address, port }: ConnectFromOptions,
  done: (socket: Socket | undefined) => void,
): () => void {
  const isIpv4 = address.length === 4;
  const size = isIpv4 ? 16 : 28;
  const memory = allocatePinned(ffi, SOCKADDR_SIZE);
  const pointer = ffi.pointer(memory.address);
  const more = ffi.load("libc.so.6", { connect: { args: ["i32", "pointer", "u32"], returns: "i32" } });
  const fd = call.socket(isIpv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  let timer: NodeJS.Timeout | undefined;
  let wait = SHORTEST_WAIT;

  function end(): void {
    clearTimeout(timer);
    memory.release();
  }

  function fail(): void {
    end();
    if (fd >= 0) call.close(fd);
    done(undefined);
  }

  function look(): void {
    const isMade = fd >= 0 && more?.connect(fd, pointer, size) === 0;
    const error = isMade ? 0 : errno();
    if (error === EINPROGRESS || error === EALREADY) {
      timer = setTimeout(look, wait);
      wait = Math.min(LONGEST_WAIT, 2 * wait);
    } else if (error !== 0 && error !== EISCONN) fail();
    else {
      end();
      done(adopt(fd));
    }
  }

  memory.bytes[0] = 1;
  if (fd >= 0) call.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, pointer, 4);
  writeSockaddr(memory.bytes, 0, localAddress, localPort);
  const isBound = fd >= 0 && call.bind(fd, pointer, size) === 0;
  writeSockaddr(memory.bytes, 0, address, port);
  // Never from within the caller's turn.
  timer = setTimeout(isBound ? look : fail, 0);
  return () => {
    end();
    if (fd >= 0) call.close(fd);
  };
}

/** A connected descriptor as a socket: the runtimes take it in different ways (Node 26.10, Bun 1.4.5). */
function adopt(fd: number): Socket {
  if (!("Bun" in globalThis)) return new Socket({ fd, readable: true, writable: true });
  return connect({ fd } as unknown as { port: number });
}

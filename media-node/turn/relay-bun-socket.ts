import { allocatePinned } from "../native/ffi.ts";
import type { LinuxLibc } from "../net/linux-libc.ts";
import { createReadGate, type ReadGate } from "../net/read-gate.ts";
import type { UdpDatagrams, UdpSocket, UdpSocketOptions } from "../net/udp-socket.ts";

const IPV6_ONLY = 8;
const IPPROTO_IP = 0;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_RECVERR = 25;

let zero: ReturnType<typeof allocatePinned> | undefined;

/** No reports of ICMP errors: with them one closed peer makes sends to the others fail. */
function ignoreErrors({ ffi, call }: LinuxLibc, fd: number, family: 4 | 6): void {
  zero ??= allocatePinned(ffi, 8);
  const value = ffi.pointer(zero.address);
  call.setsockopt(fd, IPPROTO_IP, IP_RECVERR, value, 4);
  if (family === 6) call.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, value, 4);
}

/**
 * `Bun.udpSocket` for a relay: as `net/bun-socket.ts`, but light, since there are thousands. It keeps the kernel's own
 * buffer sizes, and gets the gate against floods, which costs a descriptor, only when there is one.
 */
export async function openRelayBunSocket(options: UdpSocketOptions): Promise<UdpSocket> {
  const { address, port, family, libc, onDatagram, onError } = options;
  const configuration: Bun.udp.SocketOptions<"uint8array"> & { flags: number } = {
    hostname: address,
    port,
    binaryType: "uint8array",
    flags: family === 6 ? IPV6_ONLY : 0,
    socket: {
      data: (_socket, bytes, fromPort, fromAddress) => onDatagram(bytes, fromPort, fromAddress),
      error: onError,
    },
  };
  const socket: Bun.udp.Socket<"uint8array"> & { readonly fd?: number } = await Bun.udpSocket(configuration);
  const { fd } = socket;
  if (libc && fd !== undefined) ignoreErrors(libc, fd, family);
  let gate: ReadGate | undefined;

  function sendMany(datagrams: UdpDatagrams): number {
    gate?.open();
    let sent = 0;
    for (let i = 0; i < datagrams.length; i += 3) {
      try {
        if (socket.send(datagrams[i] as Uint8Array, datagrams[i + 1] as number, datagrams[i + 2] as string)) sent++;
      } catch {
        // This datagram is refused, the others may pass.
      }
    }
    return sent;
  }

  return {
    local: { address, port, family },
    get fd() {
      return gate?.fd ?? fd;
    },
    buffers: { receiveBytes: 0, sendBytes: 0 },
    sendMany,
    pause() {
      if (libc && fd !== undefined) gate ??= createReadGate(libc, fd);
      gate?.shut();
    },
    resume: () => gate?.open(),
    async close() {
      gate?.release();
      if (!socket.closed) socket.close();
    },
  };
}

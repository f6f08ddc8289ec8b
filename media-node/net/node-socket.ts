import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { openBoundFd } from "./bound-fd.ts";
import { type GrantedBuffers, tuneSocket } from "./socket-options.ts";
import type { UdpDatagrams, UdpSocket, UdpSocketOptions } from "./udp-socket.ts";

/** `node:dgram` as a {@link UdpSocket}. */
export async function openNodeSocket(options: UdpSocketOptions): Promise<UdpSocket> {
  const { address, port, family, bufferBytes, libc, onDatagram, onError } = options;
  // dgram hides the descriptor that sendmmsg needs; but it takes one that is already bound.
  const fd = libc && openBoundFd(libc, address, port, family, options.reusePort ?? false);
  const socket = createSocket({
    type: family === 4 ? "udp4" : "udp6",
    ipv6Only: family === 6,
    reusePort: options.reusePort ?? false,
    ...(fd === undefined ? { recvBufferSize: bufferBytes, sendBufferSize: bufferBytes } : {}),
    // The address is one already; the default goes through the resolver's queue for every datagram.
    lookup: (_host, _options, callback) => callback(null, _host, family),
  });
  socket.on("message", (bytes, from) => {
    // No Buffer: its `slice` is a view where a Uint8Array's is a copy.
    onDatagram(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), from.port, from.address);
  });
  // Rejects if `error` comes first. With a descriptor, `listening` is emitted before `bind` returns.
  const listening = once(socket, "listening");
  if (fd === undefined) socket.bind({ address, port, exclusive: true });
  else socket.bind({ fd });
  await listening;
  socket.on("error", onError);
  // Without a callback, dgram would raise a failed send as the socket's error.
  const afterSend = (error: Error | null) => {
    if (error) onError();
  };

  return {
    local: { address: socket.address().address, port: socket.address().port, family },
    fd,
    buffers: libc && fd !== undefined ? tuneSocket(libc, fd, family, bufferBytes) : buffersOf(socket),
    sendMany: datagrams => sendEach(socket, datagrams, afterSend),
    // libuv reads 32 datagrams and goes on to other work.
    pause() {},
    resume() {},
    async close() {
      await new Promise<void>(resolve => socket.close(resolve));
    },
  };
}

function buffersOf(socket: Socket): GrantedBuffers {
  return { receiveBytes: socket.getRecvBufferSize(), sendBytes: socket.getSendBufferSize() };
}

function sendEach(socket: Socket, datagrams: UdpDatagrams, afterSend: (error: Error | null) => void): number {
  let sent = 0;
  for (let i = 0; i < datagrams.length; i += 3) {
    // A queue means that the kernel's buffer is full, and the queued datagrams would only come late.
    if (socket.getSendQueueCount() > 0) break;
    try {
      // A copy, since dgram keeps the bytes of a datagram that it queues, and the caller is about to reuse them.
      socket.send(
        Buffer.from(datagrams[i] as Uint8Array),
        datagrams[i + 1] as number,
        datagrams[i + 2] as string,
        afterSend,
      );
      sent++;
    } catch {
      // This datagram is refused, the others may pass.
    }
  }
  return sent;
}

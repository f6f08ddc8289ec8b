import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { createSocket } from "node:dgram";
import { loadLinuxLibc } from "../../media-node/net/linux-libc.ts";
import { tuneSocket } from "../../media-node/net/socket-options.ts";
import { deriveSessionKeys } from "../../media-node/srtp/key-derivation.ts";
import { benchKey, LOOPBACK, type Shape } from "./shape.ts";

type Send = (packet: Uint8Array, port: number) => void;

/** The part of `Bun` that is used here; the bench's other programs run on Node. */
interface BunUdp {
  udpSocket(options: object): Promise<BunSocket>;
}

interface BunSocket {
  readonly port: number;
  readonly fd: number;
  send(bytes: Uint8Array, port: number, address: string): boolean;
}

/**
 * The floor: what anybody would write first. Receive, decrypt, and for each receiver copy, rewrite, encrypt and send,
 * with the runtime's own socket and crypto.
 */
export async function forwardNaively(shape: Shape, ports: readonly number[]): Promise<number> {
  const session = (direction: "in" | "out", index: number) => {
    const { key, salt } = deriveSessionKeys(benchKey(direction, index)).rtp;
    return { key: createSecretKey(key), salt };
  };
  const sources = Array.from({ length: shape.rooms }, (_, room) => session("in", room));
  const sinks = ports.map((port, i) => ({ ...session("out", i), port, sequence: 0 }));
  const socket = await openSocket(packet => onPacket(packet));

  function onPacket(packet: Uint8Array): void {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    const room = view.getUint32(8);
    const source = sources[room];
    if (!source) return;
    const payload = open(packet, source.key, nonce(source.salt, room, view.getUint16(2)));
    for (let i = 0; i < shape.receivers; i++) {
      const sink = sinks[room * shape.receivers + i];
      if (!sink) continue;
      const out = Buffer.allocUnsafe(packet.length);
      out.set(packet.subarray(0, 12));
      out.writeUInt16BE(sink.sequence & 0xffff, 2);
      const cipher = createCipheriv("aes-128-gcm", sink.key, nonce(sink.salt, room, sink.sequence++ & 0xffff));
      cipher.setAAD(out.subarray(0, 12));
      out.set(cipher.update(payload), 12);
      cipher.final();
      out.set(cipher.getAuthTag(), packet.length - 16);
      socket.send(out, sink.port);
    }
  }
  return socket.port;
}

function open(packet: Uint8Array, key: KeyObject, iv: Uint8Array): Uint8Array {
  const decipher = createDecipheriv("aes-128-gcm", key, iv);
  decipher.setAAD(packet.subarray(0, 12));
  decipher.setAuthTag(packet.subarray(packet.length - 16));
  const payload = decipher.update(packet.subarray(12, packet.length - 16));
  decipher.final();
  return payload;
}

/** As SRTP's, with a rollover counter of 0: a run must end before 65,536 packets of one receiver. */
function nonce(salt: Uint8Array, ssrc: number, sequence: number): Uint8Array {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(ssrc, 2);
  iv.writeUInt16BE(sequence, 10);
  for (let i = 0; i < 12; i++) iv[i] = (iv[i] ?? 0) ^ (salt[i] ?? 0);
  return iv;
}

async function openSocket(onPacket: (packet: Uint8Array) => void): Promise<{ port: number; send: Send }> {
  const { Bun } = globalThis as { Bun?: BunUdp };
  if (Bun) {
    const socket = await Bun.udpSocket({
      hostname: LOOPBACK,
      binaryType: "uint8array",
      socket: { data: (_socket: unknown, packet: Uint8Array) => onPacket(packet) },
    });
    // The default buffer would lose so much that no run were valid.
    const libc = loadLinuxLibc();
    if (libc) tuneSocket(libc, socket.fd, 4, 4 << 20);
    return { port: socket.port, send: (packet, port) => void socket.send(packet, port, LOOPBACK) };
  }
  const socket = createSocket({
    type: "udp4",
    recvBufferSize: 4 << 20,
    sendBufferSize: 4 << 20,
    lookup: (host, _options, callback) => callback(null, host, 4),
  });
  socket.on("message", onPacket);
  await new Promise<void>(resolve => socket.bind(0, LOOPBACK, resolve));
  return { port: socket.address().port, send: (packet, port) => socket.send(packet, port, LOOPBACK) };
}

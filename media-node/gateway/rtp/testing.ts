import type { RtpSocket } from "./channel.ts";

/** A UDP port without a network: what it sends is kept, and any address has a path. */
export interface ModelSocket extends RtpSocket {
  /** Datagrams that left, as they came to the other end. */
  readonly sent: { readonly to: string; readonly bytes: Buffer }[];
  pathTo(address: string, port: number): number;
}

export function createModelSocket(): ModelSocket {
  const slab = Buffer.alloc(65_536);
  const addresses: string[] = [];
  const sent: { to: string; bytes: Buffer }[] = [];
  let queued: { path: number; offset: number; segment: number; length: number }[] = [];
  let cursor = 0;

  const pathTo = (address: string, port: number): number => {
    const name = `${address} ${port}`;
    const known = addresses.indexOf(name);
    return known >= 0 ? known : addresses.push(name) - 1;
  };
  return {
    slab,
    sent,
    pathTo,
    pathOf: pathTo,
    reserve: () => cursor,
    commitRun(path, segment, length) {
      queued.push({ path, offset: cursor, segment, length });
      cursor += length;
    },
    flush() {
      for (const { path, offset, segment, length } of queued) {
        for (let at = 0; at < length; at += segment) {
          const bytes = Buffer.from(slab.subarray(offset + at, offset + Math.min(length, at + segment)));
          sent.push({ to: addresses[path]!, bytes });
        }
      }
      queued = [];
      cursor = 0;
    },
    send: (path, bytes, offset, length) =>
      void sent.push({ to: addresses[path]!, bytes: Buffer.from(bytes.subarray(offset, offset + length)) }),
    retain() {},
    release() {},
    addressOf: path => addresses[path]!.split(" ")[0]!,
    portOf: path => Number(addresses[path]!.split(" ")[1]),
  };
}

import { afterEach } from "vitest";
import { openUdp, type UdpOptions, type UdpPort } from "../udp-port.ts";

const open: UdpPort[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(port => port.close()));
});

/** A port on 127.0.0.1 that is closed after the test. */
export async function listen(options: Partial<UdpOptions> = {}): Promise<UdpPort> {
  const port = await openUdp({ addresses: ["127.0.0.1"], onPacket() {}, ...options });
  open.push(port);
  return port;
}

/** A port that keeps what comes, and a promise for the moment when `count` datagrams are there. */
export async function collector(address: string, count: number) {
  const packets: Uint8Array[] = [];
  let done = () => {};
  const complete = new Promise<void>(resolve => {
    done = resolve;
  });
  const port = await listen({
    addresses: [address],
    onPacket(bytes) {
      packets.push(Uint8Array.from(bytes));
      if (packets.length === count) done();
    },
  });
  return { port, number: port.locals[0]!.port, packets, complete };
}

/** Commits a datagram of equal bytes. */
export function write(port: UdpPort, path: number, length: number, fill: number): void {
  const at = port.reserve(length);
  port.slab.fill(fill, at, at + length);
  port.commit(path, length);
}

import { expect, it } from "vitest";
import { openNodeSocket } from "./node-socket.ts";
import type { UdpSocketOptions } from "./udp-socket.ts";

const options: UdpSocketOptions = {
  address: "127.0.0.1",
  port: 0,
  family: 4,
  bufferBytes: 100_000,
  libc: undefined,
  onDatagram() {},
  onError() {},
};

it.each(["127.0.0.1", "::1"])("works without a foreign function interface, on %s", async address => {
  const family = address === "::1" ? 6 : 4;
  const received: [Uint8Array, number, string][] = [];
  let finish = () => {};
  const finished = new Promise<void>(resolve => {
    finish = resolve;
  });
  const receiver = await openNodeSocket({
    ...options,
    address,
    family,
    onDatagram(bytes, port, from) {
      received.push([bytes, port, from]);
      if (received.length === 3) finish();
    },
  });
  const sender = await openNodeSocket({ ...options, address, family });
  expect(sender.fd).toBeUndefined();
  expect(receiver.buffers.receiveBytes).toBeGreaterThanOrEqual(100_000);

  const bytes = new Uint8Array([1]);
  const to = [receiver.local.port, address] as const;
  expect(sender.sendMany([bytes, ...to, new Uint8Array([2, 2]), ...to])).toBe(2);
  bytes[0] = 9;
  expect(sender.sendMany([new Uint8Array(70_000), ...to, new Uint8Array([3]), ...to])).toBeGreaterThanOrEqual(1);
  await finished;
  const from = [sender.local.port, address];
  expect(received).toEqual([
    [new Uint8Array([1]), ...from],
    [new Uint8Array([2, 2]), ...from],
    [new Uint8Array([3]), ...from],
  ]);
  await Promise.all([receiver.close(), sender.close()]);
});

it("reports a taken port by its code", async () => {
  const first = await openNodeSocket(options);
  const second = openNodeSocket({ ...options, port: first.local.port });
  await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  await first.close();
});

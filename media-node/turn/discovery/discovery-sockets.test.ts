import { expect, it } from "vitest";
import type { UdpPort } from "../../net/udp-port.ts";
import { CHANGE_IP, CHANGE_PORT } from "./discovery.ts";
import { createDiscoverySockets } from "./discovery-sockets.ts";

interface Sent {
  readonly from: string;
  readonly to: string;
}

const ADDRESSES = ["10.0.0.1", "::1", "10.0.0.2"];

/** A port on three addresses; client n came to the n-th of them. */
function fakePort(port: number, sent: Sent[]): UdpPort {
  const paths: Sent[] = [];
  const fake: Partial<UdpPort> = {
    locals: ADDRESSES.map(address => ({ address, port, family: address === "::1" ? 6 : 4 })),
    localOf: client => client,
    addressOf: () => "192.0.2.9",
    portOf: () => 5000,
    pathOf: (address, remote, local) =>
      paths.push({ from: `${ADDRESSES[local!]}:${port}`, to: `${address}:${remote}` }) - 1,
    send: path => sent.push(paths[path]!),
  };
  return fake as UdpPort;
}

it("answers leave from the other address, the other port, or both, as the client knows them", () => {
  const sent: Sent[] = [];
  const sockets = createDiscoverySockets([{ first: "10.0.0.1", second: "10.0.0.2" }], address =>
    address.replace("10.0.0.", "203.0.113."),
  );
  const first = sockets.add(fakePort(3478, sent));
  const second = sockets.add(fakePort(3479, sent));
  expect(first.origin(0, 0)).toEqual({ address: "203.0.113.1", port: 3478 });
  expect(first.origin(0, CHANGE_IP | CHANGE_PORT)).toEqual({ address: "203.0.113.2", port: 3479 });
  expect(second.origin(2, CHANGE_IP | CHANGE_PORT)).toEqual({ address: "203.0.113.1", port: 3478 });
  first.send(0, CHANGE_IP, 0, new Uint8Array(1), 1);
  first.send(0, CHANGE_PORT, 6000, new Uint8Array(1), 1);
  second.send(2, 0, 0, new Uint8Array(1), 1);
  expect(sent).toEqual([
    { from: "10.0.0.2:3478", to: "192.0.2.9:5000" },
    { from: "10.0.0.1:3479", to: "192.0.2.9:6000" },
    { from: "10.0.0.2:3479", to: "192.0.2.9:5000" },
  ]);
  // An address without a second one takes no part.
  expect(first.origin(1, 0)).toBeUndefined();
  first.send(1, 0, 0, new Uint8Array(1), 1);
  expect(sent.length).toBe(3);
});

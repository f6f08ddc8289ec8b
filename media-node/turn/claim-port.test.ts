import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, expect, it } from "vitest";
import { claimPort } from "./claim-port.ts";

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

it("a port is claimed for UDP and TCP on all addresses, or refused by name", async () => {
  const addresses = ["127.0.0.1", "::1"];
  const port = await claimPort(addresses, 0);
  expect(port).toBeGreaterThan(1023);
  expect(await claimPort(addresses, port)).toBe(port);
  const socket = createSocket({ type: "udp6", ipv6Only: true }).bind({ address: "::1", port });
  open.push(socket);
  await once(socket, "listening");
  await expect(claimPort(addresses, port)).rejects.toThrow(`port ${port} of ::1 is in use`);
});

it("a port that others share is refused: they may be another node", async () => {
  const server: Server = createServer();
  open.push(server);
  server.listen({ host: "127.0.0.1", port: 0, reusePort: true });
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await expect(claimPort(["127.0.0.1"], port)).rejects.toMatchObject({ code: "EADDRINUSE" });
});

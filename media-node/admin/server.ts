/**
 * Health, metrics and drain on a port of 127.0.0.1.
 * @module
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Counters } from "../worker/messages.ts";

/** The node as operators see it. */
export interface AdminHost {
  /** Whether it is of use: workers up and linked to the edge. */
  healthy(): boolean;
  gauges(): Readonly<Record<string, number>>;
  counters(): Counters;
  /** Take no new rooms; resolves once none is left. */
  drain?(): Promise<void>;
}

export interface Admin {
  readonly port: number;
  close(): Promise<void>;
}

const metric = (name: string): string => `tandem_${name.replaceAll(/[^a-z0-9]+/gi, "_")}`;

/** Prometheus text exposition, version 0.0.4. */
export function metricsText(gauges: Readonly<Record<string, number>>, counters: Counters): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(gauges))
    lines.push(`# TYPE ${metric(name)} gauge`, `${metric(name)} ${value}`);
  for (const [name, value] of Object.entries(counters)) {
    lines.push(`# TYPE ${metric(name)}_total counter`, `${metric(name)}_total ${value}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Listen on 127.0.0.1. */
export async function startAdmin(port: number, host: AdminHost): Promise<Admin> {
  const text = (response: ServerResponse, status: number, body: string): void => {
    response.writeHead(status, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "cache-control": "no-store",
    });
    response.end(body);
  };
  const server = createServer((request, response) => {
    const at = `${request.method} ${request.url}`;
    if (at === "GET /health")
      return text(response, host.healthy() ? 200 : 503, host.healthy() ? "ok\n" : "not ready\n");
    if (at === "GET /metrics") return text(response, 200, metricsText(host.gauges(), host.counters()));
    if (at === "POST /drain" && host.drain) {
      host.drain().then(() => text(response, 200, "drained\n"));
      return;
    }
    text(response, 404, `GET /health, GET /metrics${host.drain ? ", POST /drain" : ""}\n`);
  });
  server.headersTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

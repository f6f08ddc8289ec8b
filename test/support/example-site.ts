import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Edge } from "./edge.ts";

export interface ExampleSite {
  readonly origin: string;
  readonly port: number;
  close(): void;
}

/** Serve an example's page as somebody's own site would, from an origin that is not the edge's; `token` is its back end. */
export async function serveExample(name: string, edge: Edge, token: () => Promise<string>): Promise<ExampleSite> {
  const page = await readFile(new URL(`../../examples/${name}/index.html`, import.meta.url), "utf8");
  const site = createServer(async (request, response) => {
    if (request.url === "/token") return response.end(JSON.stringify({ token: await token() }));
    response.setHeader("content-type", "text/html");
    return response.end(page.replaceAll("https://calls.example.com", edge.url));
  });
  await new Promise<void>(resolve => site.listen(0, "127.0.0.1", resolve));
  const { port } = site.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    close() {
      site.closeAllConnections();
      site.close();
    },
  };
}

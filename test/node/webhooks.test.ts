import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient, verifyWebhook, type WebhookEvent } from "../../src/server-sdk/index.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, SECRETS, startEdge } from "../support/edge.ts";
import { connectSdk } from "../support/sdk-client.ts";
import { joinToken } from "../support/tokens.ts";

describe("webhooks of a deployment", () => {
  const cleanup = createCleanup();
  const requests: { body: string; headers: Record<string, string | string[] | undefined> }[] = [];
  /** Statuses of the next answers; then 204. */
  const answers: number[] = [];
  let edge: Edge;
  let url: string;

  beforeAll(async () => {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", chunk => chunks.push(chunk));
      request.on("end", () => {
        requests.push({ body: Buffer.concat(chunks).toString(), headers: request.headers });
        response.writeHead(answers.shift() ?? 204).end();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanup.add(() => server.close());
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tandem`;
    edge = await startEdge({ vars: { WEBHOOKS: JSON.stringify([{ url, events: ["room.*", "participant.*"] }]) } });
    cleanup.add(edge.stop);
  });
  afterAll(cleanup.run);

  it("tell a back end who comes and goes, again where it failed, and the server SDK verifies it", async () => {
    const key = { name: "test", secret: (JSON.parse(SECRETS.API_KEYS) as { test: string }).test };
    const tandem = createClient({ url: edge.url, key });
    const [webhook] = await tandem.webhooks.list();
    expect(webhook).toMatchObject({ url, events: ["room.*", "participant.*"], pending: 0 });
    answers.push(500);
    const client = await connectSdk({ url: edge.url, token: await joinToken("lobby", "ada") });
    await client.leave();
    const told = async (): Promise<string[]> => {
      const events = requests.map(({ body, headers }) => verifyWebhook(body, headers, webhook?.secret ?? ""));
      const known = (await Promise.all(events)).filter((event): event is WebhookEvent => event !== undefined);
      return [...new Set(known.map(({ id, type }) => `${type} ${id}`))].map(text => text.split(" ")[0] ?? "").sort();
    };
    const all = ["participant.joined", "participant.left", "room.ended", "room.started"];
    await expect.poll(told, { timeout: 30_000 }).toEqual(all);
    // The one that failed has come again, the same.
    await expect.poll(() => requests.length, { timeout: 30_000 }).toBe(all.length + 1);
    expect(new Set(requests.map(({ body }) => body)).size).toBe(all.length);
    await expect.poll(async () => (await tandem.webhooks.list())[0]).toMatchObject({ pending: 0, failure: null });
  });
});

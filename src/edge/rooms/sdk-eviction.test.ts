import { evictDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import type { Signaling } from "../../client/core/index.ts";
import { uniqueRoom } from "../testing/client.ts";
import { connectSdk } from "../testing/sdk.ts";
import { stubOf } from "../testing/time.ts";

const EVICTIONS = 100;
/** Messages under way at each. */
const MESSAGES = 4;

const when = (client: Signaling, holds: () => boolean): Promise<void> =>
  new Promise(resolve => {
    const check = (): void => {
      if (!holds()) return;
      stop();
      resolve();
    };
    const stop = client.store.subscribe(check);
    check();
  });

it(`two SDK clients chat through ${EVICTIONS} evictions, sockets hibernated or closed: nothing is lost, nothing doubled`, async () => {
  const room = uniqueRoom();
  const clients = [await connectSdk(room, "ada"), await connectSdk(room, "bob")];
  const heard = clients.map(client => {
    const texts: string[] = [];
    client.on("chat.message", ({ message }) => texts.push(message.text));
    return texts;
  });
  const sent: string[] = [];
  const resumes: number[] = [];
  for (let eviction = 0; eviction < EVICTIONS; eviction++) {
    const answers = clients.flatMap((client, who) =>
      Array.from({ length: MESSAGES }, (_, n) => {
        const text = `${eviction}/${who}/${n}`;
        sent.push(text);
        return client.command("chat.send", { text });
      }),
    );
    const closing = eviction % 2 === 0;
    if (closing) await answers[eviction % answers.length];
    else await Promise.all(answers);
    const start = performance.now();
    await evictDurableObject(stubOf(room), { webSockets: closing ? "close" : "hibernate" });
    await Promise.all(answers);
    await Promise.all(clients.map(client => when(client, () => client.store.get().status === "connected")));
    if (closing) resumes.push(performance.now() - start);
  }
  await Promise.all(clients.map((client, who) => when(client, () => (heard[who]?.length ?? 0) >= sent.length)));
  for (const texts of heard) expect([...texts].sort()).toEqual([...sent].sort());
  expect(heard[0]).toEqual(heard[1]);
  resumes.sort((a, b) => a - b);
  console.log(
    `${EVICTIONS} evictions; resumed after a close, p95: ${resumes[Math.floor(resumes.length * 0.95)]?.toFixed(0)} ms`,
  );
  await Promise.all(clients.map(client => client.leave()));
}, 60_000);

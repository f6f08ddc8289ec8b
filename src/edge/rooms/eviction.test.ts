import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { RoomEvent } from "../../protocol/events.ts";
import { type Joined, join, resume, uniqueRoom } from "../testing/client.ts";
import { stubOf } from "../testing/time.ts";

const ROUNDS = 30;

/** A client as an SDK would be one: it resumes with what it has seen, and sends again what was not answered. */
async function createTalker(room: string, identity: string) {
  let client: Joined = await join(room, identity);
  let seq = client.welcome.seq;
  const unanswered = new Map<number, string>();
  const heard: string[] = [];
  const apply = (event: RoomEvent): void => {
    expect(event.seq).toBeGreaterThan(seq);
    seq = event.seq;
    if (event.type === "chat.message") heard.push(event.message.text);
  };
  const read = (): void => {
    for (const frame of client.frames.splice(0)) {
      if (frame.type === "ok") unanswered.delete(frame.id);
      else if ("seq" in frame && frame.type !== "welcome") apply(frame as RoomEvent);
    }
  };
  return {
    heard,
    async drain() {
      await client.settle();
      read();
    },
    /** Say something; the answer is not waited for. */
    say(text: string) {
      const id = ++client.lastId;
      unanswered.set(id, text);
      client.send({ type: "chat.send", id, text });
    },
    async comeBack() {
      read();
      client = await resume(client, seq);
      client.frames.length = 0;
      for (const event of client.replay ?? []) apply(event);
      for (const [id, text] of unanswered) client.send({ type: "chat.send", id, text });
    },
  };
}

describe("a room that is evicted in the middle of a chat", () => {
  it.each(["hibernate", "close"] as const)("(%s) loses and doubles nothing", async webSockets => {
    const room = uniqueRoom();
    const talkers = [await createTalker(room, "ada"), await createTalker(room, "bob")] as const;
    const said: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, talker] of talkers.entries()) {
        const text = `${index}/${round}`;
        said.push(text);
        talker.say(text);
      }
      // Sometimes before the room has seen it, sometimes after.
      if (round % 3 === 0) await talkers[0].drain();
      await evictDurableObject(stubOf(room), { webSockets });
      for (const talker of talkers) await (webSockets === "close" ? talker.comeBack() : talker.drain());
    }
    // What one said last is handled once it has settled; then the other has it too.
    for (const talker of [...talkers, ...talkers]) await talker.drain();
    for (const talker of talkers) {
      expect(talker.heard.toSorted()).toEqual(said.toSorted());
    }
    expect(talkers[0].heard).toEqual(talkers[1].heard);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "./testing/fake-surroundings.ts";
import { FUZZ_TIMEOUT, fuzzRuns } from "./testing/fuzz-runs.ts";
import { createModelEdge } from "./testing/model-edge.ts";

/** What may happen to a client, in any order and at any moment. */
type Step =
  | { do: "command" | "event" | "cut" | "silence" | "heal" | "refuse" | "accept" | "forget" | "network" }
  | { do: "wait"; ms: number };

const step = (withForget: boolean): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>({ do: "command" }) },
    { weight: 3, arbitrary: fc.constant<Step>({ do: "event" }) },
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 45 }).map<Step>(ms => ({ do: "wait", ms })) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 20_000 }).map<Step>(ms => ({ do: "wait", ms })) },
    { weight: 4, arbitrary: fc.constant<Step>({ do: "cut" }) },
    {
      weight: 3,
      arbitrary: fc.constantFrom<Step>(
        { do: "silence" },
        { do: "heal" },
        { do: "refuse" },
        { do: "accept" },
        { do: "network" },
        ...(withForget ? [{ do: "forget" } as const] : []),
      ),
    },
  );

async function play(steps: readonly Step[], seed: number, replay: number) {
  const edge = createModelEdge();
  const { time, room } = edge;
  room.replay = replay;
  const client = await edge.join("ann", { random: seeded(seed) } as object);
  const { signaling, wire, host } = client;
  const heard: number[] = [];
  const joinedAt = room.events.length;
  signaling.on("chat.message", event => heard.push(event.seq));
  const outcomes: { text: string; outcome: Promise<"applied" | "unknown" | "refused"> }[] = [];

  let count = 0;
  for (const step of steps) {
    if (step.do === "wait") await time.advance(step.ms);
    else if (step.do === "command") {
      const text = `command ${count++}`;
      const outcome = signaling.command("chat.send", { text }).then(
        () => "applied" as const,
        error => (error.code === "resume-refused" ? ("unknown" as const) : ("refused" as const)),
      );
      outcomes.push({ text, outcome });
    } else if (step.do === "event") {
      const message = {
        id: room.chat.length + 1,
        pid: "p_other000",
        identity: "o",
        name: "o",
        text: `event ${count++}`,
        at: 0,
      };
      room.chat.push(message);
      room.event({ type: "chat.message", message });
    } else if (step.do === "cut") wire.cut();
    else if (step.do === "silence") wire.silence();
    else if (step.do === "heal") wire.heal();
    else if (step.do === "forget") room.forget(signaling.store.get().you.pid);
    else if (step.do === "network") host.change("network");
    else wire.refuse = step.do === "refuse";
  }
  wire.heal();
  wire.refuse = false;
  await time.advance(60_000);
  const events = room.events.slice(joinedAt).filter(event => event.type === "chat.message");
  return { room, signaling, heard, events, outcomes };
}

const texts = (list: readonly { text: string }[]): string[] => list.map(({ text }) => text);

describe("any sequence of cuts, silences and refusals", () => {
  it(
    "loses or doubles no command and no event while the room knows the client",
    async () => {
      const steps = fc.array(step(false), { maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(steps, fc.integer(), async (steps, seed) => {
          const { room, signaling, heard, events, outcomes } = await play(steps, seed, 1_000);
          for (const { text, outcome } of outcomes) {
            expect(await outcome).toBe("applied");
            expect(texts(room.chat).filter(other => other === text)).toHaveLength(1);
          }
          const mine = texts(room.chat).filter(text => text.startsWith("command"));
          expect(mine).toEqual(texts(outcomes));
          expect(heard).toEqual(events.map(event => event.seq));
          expect(signaling.store.get()).toMatchObject({ status: "connected", chat: room.chat });
        }),
        { numRuns: Math.min(fuzzRuns(250), 20_000) },
      );
    },
    FUZZ_TIMEOUT,
  );

  it(
    "doubles nothing, says what is lost, and ends in step with the room when the room forgets or replays too little",
    async () => {
      const steps = fc.array(step(true), { maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(steps, fc.integer(), fc.integer({ min: 0, max: 5 }), async (steps, seed, replay) => {
          const { room, signaling, heard, outcomes } = await play(steps, seed, replay);
          for (const { text, outcome } of outcomes) {
            const times = texts(room.chat).filter(other => other === text).length;
            if ((await outcome) === "applied") expect(times).toBe(1);
            else expect(times).toBeLessThanOrEqual(1);
            expect(await outcome).not.toBe("refused");
          }
          expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
          const model = signaling.store.get();
          expect(model.status).toBe("connected");
          expect(model.chat.at(-1)).toEqual(room.chat.at(-1));
          expect(room.participants().map(({ pid }) => pid)).toEqual([model.you.pid]);
        }),
        { numRuns: Math.min(fuzzRuns(250), 20_000) },
      );
    },
    FUZZ_TIMEOUT,
  );
});

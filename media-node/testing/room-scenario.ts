import fc from "fast-check";
import { createNetsim, type LinkOptions, type Netsim } from "./netsim.ts";
import { createNumberRules, type NumberRules } from "./number-rules.ts";
import { createRoomHarness, type Guest, type HarnessObserver } from "./room-harness.ts";

const CALM: LinkOptions = { delay: 20, jitter: 3 };

/** A link that may do anything a bad network does. */
const trouble = fc.record({
  delay: fc.integer({ min: 1, max: 40 }),
  jitter: fc.integer({ min: 0, max: 20 }),
  loss: fc.oneof(
    fc.constant(0),
    fc.double({ min: 0, max: 0.15, noNaN: true }),
    fc.record({ goodToBad: fc.constant(0.02), badToGood: fc.double({ min: 0.1, max: 0.5, noNaN: true }) }),
  ),
  reorder: fc.constantFrom(0, 0, 0.03),
  duplicate: fc.constantFrom(0, 0, 0.03),
});

const guest = fc.record({
  uplink: trouble,
  downlink: trouble,
  layers: fc.integer({ min: 1, max: 3 }),
  narrow: fc.boolean(),
  fps: fc.constantFrom(0, 10, 25),
  pairs: fc.integer({ min: 1, max: 3 }),
  floating: fc.integer({ min: 0, max: 2 }),
  rtx: fc.constantFrom(true, true, false),
  clockOffset: fc.integer({ min: -1e9, max: 1e9 }),
});

const act = fc.record({
  at: fc.integer({ min: 300, max: 5_000 }),
  guest: fc.nat(9),
  kind: fc.constantFrom(
    "mute",
    "unmute",
    "wish",
    "pin",
    "stopLayer",
    "startLayer",
    "leap",
    "fall",
    "leave",
    "pad",
    "speak",
  ),
  detail: fc.nat(9),
});

type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** A room, its guests' links, and what happens in it. */
export interface Scenario {
  readonly seed: number;
  readonly guests: readonly (typeof guest extends fc.Arbitrary<infer T> ? T : never)[];
  readonly acts: readonly Act[];
}

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer(),
  guests: fc.array(guest, { minLength: 2, maxLength: 4 }),
  acts: fc.array(act, { maxLength: 24 }),
});

/** What a played scenario leaves behind. */
export interface Played {
  readonly rules: NumberRules;
  /** Who is still there. */
  readonly present: readonly Guest[];
}

/** Plays a scenario, then calms everything down for three seconds. `watch` sees what the rules see. */
export function play({ seed, guests, acts }: Scenario, watch?: (sim: Netsim) => HarnessObserver): Played {
  const sim = createNetsim(seed);
  const rules = createNumberRules(sim);
  const harness = createRoomHarness(sim, watch === undefined ? rules : both(rules, watch(sim)));
  let present: Guest[] = [];
  for (const [i, options] of guests.entries()) {
    sim.at(sim.now + i * 130, () => present.push(harness.join({ participant: i + 1, ...options })));
  }
  const begin = sim.now;
  for (const { at, guest, kind, detail } of acts) {
    sim.at(begin + at, () => {
      const who = present[guest % present.length];
      if (who === undefined) return;
      const source = who.sources[detail % who.sources.length]!;
      const stream = who.publisher.streams[detail % who.publisher.streams.length]!;
      const camera = present[detail % present.length]!.participant * 16 + 1;
      if (kind === "mute" || kind === "unmute") harness.router.setMuted(source, kind === "mute", sim.now);
      else if (kind === "wish") {
        const wishes = [{ source: camera, width: 640, height: 360, priority: 1 }];
        who.receiver.setWishes(detail % 3 === 0 ? undefined : wishes, sim.now);
      } else if (kind === "pin") who.receiver.setPins([camera], sim.now);
      else if (kind === "stopLayer") stream.active = false;
      else if (kind === "startLayer") stream.active = true;
      else if (kind === "leap") stream.leap = 10 * 90_000;
      else if (kind === "fall") stream.leap = -50_000;
      else if (kind === "pad") stream.padding = 0.3;
      else if (kind === "speak") stream.level = detail * 10;
      else if (present.length > 2) {
        who.leave();
        present = present.filter(other => other !== who);
      }
    });
  }
  sim.run(5_500);
  for (const who of present) {
    who.uplink.options = CALM;
    who.downlink.options = CALM;
    for (const stream of who.publisher.streams) stream.active = true;
    for (const source of who.sources) harness.router.setMuted(source, false, sim.now);
    who.receiver.setPins([], sim.now);
    who.receiver.setWishes(undefined, sim.now);
  }
  sim.run(3_000);
  return { rules, present };
}

function both(first: HarnessObserver, second: HarnessObserver): HarnessObserver {
  return {
    arrived(guest, packet, accepted) {
      first.arrived?.(guest, packet, accepted);
      second.arrived?.(guest, packet, accepted);
    },
    sent(guest, packet) {
      first.sent?.(guest, packet);
      second.sent?.(guest, packet);
    },
    reported(guest, packet) {
      first.reported?.(guest, packet);
      second.reported?.(guest, packet);
    },
    changed(guest, change) {
      first.changed?.(guest, change);
      second.changed?.(guest, change);
    },
    left(guest) {
      first.left?.(guest);
      second.left?.(guest);
    },
  };
}

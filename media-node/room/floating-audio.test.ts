import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pickLoudest, type Stay } from "./floating-audio.ts";

interface Person {
  readonly name: string;
  readonly loudness: { readonly level: number; readonly speaking: boolean; readonly lastSpeech: number };
}

const person = (name: string, level: number, lastSpeech = 0): Person => ({
  name,
  loudness: { level, speaking: level <= 45, lastSpeech },
});
const names = (stays: readonly (Stay<Person> | undefined)[]) => stays.map(stay => stay?.voice.name);
const sitting = (...people: Person[]) => people.map(voice => ({ voice, since: 0 }));

describe("pickLoudest", () => {
  it("fills free slots even with the silent, those who spoke last before others", () => {
    const people = [person("a", 90, 5), person("b", 90, 9), person("c", 30)];
    expect(names(pickLoudest<Person>([undefined, undefined], people, 0))).toEqual(["c", "b"]);
  });

  it("gives a silent holder's slot to a speaker at once", () => {
    const [quiet, quieter, speaker] = [person("q", 80, 100), person("r", 80, 50), person("s", 30)];
    const result = pickLoudest(sitting(quiet, quieter), [quiet, quieter, speaker], 10);
    expect(names(result)).toEqual(["q", "s"]);
  });

  it("lets a speaker stay until somebody is clearly louder, and has had a second", () => {
    const [holder, similar, louder] = [person("h", 35), person("s", 32), person("l", 20)];
    expect(names(pickLoudest(sitting(holder), [holder, similar], 5_000))).toEqual(["h"]);
    expect(names(pickLoudest(sitting(holder), [holder, louder], 900))).toEqual(["h"]);
    expect(names(pickLoudest(sitting(holder), [holder, louder], 5_000))).toEqual(["l"]);
  });

  it("takes out who may no longer be there", () => {
    const [a, b] = [person("a", 30), person("b", 80)];
    expect(names(pickLoudest(sitting(a), [b], 0))).toEqual(["b"]);
    expect(names(pickLoudest(sitting(a), [], 0))).toEqual([undefined]);
  });

  it("seats nobody twice, moves nobody, and leaves no slot free while somebody waits", () => {
    const level = fc.integer({ min: 0, max: 127 });
    fc.assert(
      fc.property(
        fc.array(fc.array(level, { minLength: 1, maxLength: 6 }), { maxLength: 30 }),
        fc.nat(4),
        (rounds, slots) => {
          let stays: (Stay<Person> | undefined)[] = new Array<undefined>(slots).fill(undefined);
          const people = new Map<number, { name: string; loudness: Person["loudness"] }>();
          for (const [round, levels] of rounds.entries()) {
            for (const [i, level] of levels.entries()) {
              const who = people.get(i) ?? { name: `${i}`, loudness: person("", 127).loudness };
              who.loudness = person("", level).loudness;
              people.set(i, who);
            }
            const present = levels.map((_, i) => people.get(i)!);
            const next = pickLoudest<Person>(stays, present, round * 100);
            const seated = next.filter(stay => stay !== undefined).map(stay => stay.voice);
            expect(new Set(seated).size).toBe(seated.length);
            expect(seated.length).toBe(Math.min(slots, present.length));
            for (const [i, stay] of stays.entries()) {
              if (stay !== undefined && seated.includes(stay.voice)) expect(next[i]?.voice).toBe(stay.voice);
            }
            stays = next;
          }
        },
      ),
    );
  });
});

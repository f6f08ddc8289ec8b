import { describe, expect, it } from "vitest";
import { MEMBER_GRANTS } from "../../../src/protocol/index.ts";
import { amplitudeAt, loudness } from "../../testing/tones.ts";
import { createBotRoom, pcmTone } from "./testing/bot-room.ts";

describe("programs in a room", () => {
  it.each([16_000, 48_000] as const)("hear each other and not themselves, at %i Hz", rate => {
    const room = createBotRoom();
    const a = room.enter(1, { hear: "mix", speak: true, rate });
    const b = room.enter(2, { hear: "mix", speak: true, rate });
    const frames = [pcmTone(500, rate, 20), pcmTone(1_500, rate, 20)];
    room.run(1_000, () => {
      a.say(frames[0]!);
      b.say(frames[1]!);
    });
    for (const [bot, mine, others] of [
      [a, 500, 1_500],
      [b, 1_500, 500],
    ] as const) {
      const { heard } = bot;
      // A frame every 20 ms, from the first moment on.
      expect(heard.length).toBeGreaterThan(rate * 0.9);
      const last = heard.subarray(-rate / 5);
      expect(amplitudeAt(last, others, rate)).toBeGreaterThan(0.2);
      expect(amplitudeAt(last, mine, rate)).toBeLessThan(0.005);
    }
    expect(a.events[0]).toEqual({ type: "ready", pid: a.participant.pid, rate, source: 16 });
    expect(room.router.speaking).toEqual(expect.arrayContaining([1, 2]));
  });

  it("hear the sources that they named, of kinds that they may hear", () => {
    const room = createBotRoom();
    const speakers = [room.enter(1, { speak: true }), room.enter(2, { speak: true })];
    const one = room.enter(3, { hear: [32, 33] });
    const none = room.enter(4, { hear: [16, 32] }, { subscribe: ["camera"] });
    const unmixed = room.enter(5, { hear: "mix" }, { subscribe: ["mic"] });
    room.run(600, () => {
      speakers[0]!.say(pcmTone(500, 48_000, 20));
      speakers[1]!.say(pcmTone(1_500, 48_000, 20));
    });
    expect(amplitudeAt(one.heard.subarray(-9_600), 1_500, 48_000)).toBeGreaterThan(0.2);
    expect(amplitudeAt(one.heard.subarray(-9_600), 500, 48_000)).toBeLessThan(0.005);
    for (const bot of [none, unmixed]) {
      expect(bot.heard.length).toBeGreaterThan(24_000);
      expect(loudness(bot.heard)).toBe(0);
    }
    none.update({ grants: { subscribe: ["mic"] } });
    room.run(400, () => speakers[0]!.say(pcmTone(500, 48_000, 20)));
    expect(amplitudeAt(none.heard.subarray(-9_600), 500, 48_000)).toBeGreaterThan(0.2);
  });

  it("are silent while they are muted or may not publish, and are told so", () => {
    const room = createBotRoom();
    const speaker = room.enter(1, { speak: true });
    const ear = room.enter(2, { hear: "mix" });
    const talk = () => speaker.say(pcmTone(500, 48_000, 20));
    room.run(500, talk);
    expect(loudness(ear.heard.subarray(-9_600))).toBeGreaterThan(0.1);
    const changes: Parameters<typeof speaker.update>[0][] = [
      { sources: [{ number: 16, kind: "mic", muted: true }] },
      { sources: [{ number: 16, kind: "mic", muted: false }], grants: {} },
    ];
    for (const change of changes) {
      speaker.forget();
      speaker.update(change);
      room.run(400, talk);
      expect(loudness(ear.heard.subarray(-4_800))).toBe(0);
      speaker.update({ sources: [{ number: 16, kind: "mic", muted: false }], grants: MEMBER_GRANTS });
      room.run(500, talk);
      expect(loudness(ear.heard.subarray(-9_600))).toBeGreaterThan(0.1);
      expect(speaker.events).toEqual([
        { type: "muted", muted: true },
        { type: "muted", muted: false },
      ]);
    }
  });

  it("may send faster than they are heard: it is played in its time, unless they take it back", () => {
    const room = createBotRoom();
    const speaker = room.enter(1, { speak: true, rate: 16_000 });
    const ear = room.enter(2, { hear: "mix", rate: 16_000 });
    speaker.say(pcmTone(500, 16_000, 2_000));
    room.run(1_800);
    expect(loudness(ear.heard.subarray(-3_200))).toBeGreaterThan(0.1);
    expect(speaker.events).toHaveLength(1);
    room.run(600);
    expect(speaker.events.at(-1)).toEqual({ type: "played" });
    expect(loudness(ear.heard.subarray(-3_200))).toBeLessThan(0.001);
    // All of it was heard, and nothing twice.
    const audible = ear.heard.filter(sample => Math.abs(sample) > 0.01).length / 16_000;
    expect(audible).toBeGreaterThan(1.8);
    expect(audible).toBeLessThan(2.1);
    ear.forget();
    speaker.say(pcmTone(500, 16_000, 5_000));
    room.run(500);
    speaker.bot.text('{"type":"clear"}', room.now);
    room.run(700);
    expect(loudness(ear.heard.subarray(-6_400))).toBeLessThan(0.001);
  });

  it("aren't read while half a minute of theirs waits, and lose nothing by that", () => {
    const room = createBotRoom();
    const speaker = room.enter(1, { speak: true, rate: 16_000 });
    const minute = pcmTone(500, 16_000, 1_000);
    let said = 0;
    const send = () => {
      while (speaker.reading && said < 60) {
        speaker.say(minute);
        said++;
      }
    };
    send();
    expect([said, speaker.reading]).toEqual([30, false]);
    room.run(32_000, send);
    expect(said).toBeGreaterThanOrEqual(60);
    expect(speaker.states).toEqual(["connected"]);
  });

  it("that don't read miss what they had no time for, and are gone if that lasts", () => {
    const room = createBotRoom();
    const speaker = room.enter(1, { speak: true });
    const ear = room.enter(2, { hear: "mix" });
    ear.reads = false;
    room.run(1_500, () => speaker.say(pcmTone(500, 48_000, 20)));
    expect(ear.heard).toHaveLength(0);
    room.run(35_000);
    expect(ear.states).toEqual(["connected", "4408", "closed"]);
    expect(speaker.states).toEqual(["connected"]);
  });

  it("end where they break the rules", () => {
    const room = createBotRoom();
    for (const [number, harm] of [
      [1, (bot: ReturnType<typeof room.enter>) => bot.bot.binary(new Uint8Array(3), room.now)],
      [2, (bot: ReturnType<typeof room.enter>) => bot.bot.text("{", room.now)],
    ] as const) {
      const bot = room.enter(number, { speak: true });
      harm(bot);
      expect(bot.states).toEqual(["connected", number === 1 ? "4400" : "4401", "closed"]);
      expect(room.router.sources.size).toBe(0);
    }
  });

  it("may say what we don't know yet", () => {
    const room = createBotRoom();
    const bot = room.enter(1, { hear: "mix" });
    for (const text of ["null", "[]", '"clear"', '{"type":"from the future","clear":true}', "{}"]) {
      bot.bot.text(text, room.now);
    }
    // It doesn't speak, so what it says is nobody's.
    bot.bot.binary(new Uint8Array(3), room.now);
    expect(bot.states).toEqual(["connected"]);
  });

  it("that never come are given up, and so are those that went", () => {
    const room = createBotRoom();
    const absent = room.enter(1, { speak: true }, MEMBER_GRANTS, false);
    expect([...room.router.sources.keys()]).toEqual([16]);
    room.run(29_000);
    expect(absent.states).toEqual([]);
    room.run(2_000);
    expect(absent.states).toEqual(["closed"]);
    const gone = room.enter(2, { speak: true });
    gone.bot.disconnected(room.now);
    gone.bot.close(room.now, 4421, "");
    expect(gone.states).toEqual(["connected", "closed"]);
    expect(room.router.sources.size).toBe(0);
  });

  it("go on with another mixer when theirs is lost", () => {
    const room = createBotRoom();
    const speaker = room.enter(1, { speak: true });
    const ear = room.enter(2, { hear: "mix" });
    const talk = () => speaker.say(pcmTone(500, 48_000, 20));
    room.run(500, talk);
    room.mixing = false;
    room.loseMixer();
    room.run(300, talk);
    room.mixing = true;
    ear.forget();
    room.run(600, talk);
    expect(amplitudeAt(ear.heard.subarray(-9_600), 500, 48_000)).toBeGreaterThan(0.2);
  });
});

import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz } from "../../testing/fuzz.ts";
import { amplitudeAt, decibels, loudness } from "../../testing/tones.ts";
import { LEG_CODECS } from "./formats.ts";
import { createPhoneRoom, EVENT_TYPE, type TestPhone } from "./testing/phone-room.ts";

/** How much louder (dB) than the second tone a telephone hears the first. */
function louder({ heard, rate }: TestPhone, first: number, second: number): number {
  const end = heard.subarray(-rate / 2);
  return decibels(amplitudeAt(end, first, rate) / Math.max(1e-5, amplitudeAt(end, second, rate)));
}

/** An event as RFC 4733 writes it. */
const event = (code: number, duration: number, end = false): Uint8Array =>
  Uint8Array.of(code, (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff);

describe("a telephone's leg", () => {
  it.each(LEG_CODECS)("lets two talk, and neither hears itself (%s)", codec => {
    const room = createPhoneRoom();
    const [one, two] = [room.call(codec), room.call("pcmu")];
    one.says = 440;
    two.says = 1_240;
    room.run(2_000);
    expect(louder(one, 1_240, 440)).toBeGreaterThan(25);
    expect(louder(two, 440, 1_240)).toBeGreaterThan(25);
  });

  it("sends one stream without holes, which a long hold doesn't move on", () => {
    const room = createPhoneRoom();
    const [one, two] = [room.call("pcmu"), room.call("pcma")];
    two.says = 440;
    room.run(1_000);
    const last = one.came.at(-1)!;
    one.agree({ sends: false, receives: false });
    one.forget();
    room.run(5_000);
    expect(one.came).toEqual([]);
    one.agree();
    room.run(1_000);
    const [first] = one.came;
    expect(first!.sequence).toBe((last.sequence + 1) & 0xffff);
    expect((first!.timestamp - last.timestamp) >>> 0).toBeGreaterThan(39_500);
    expect((first!.timestamp - last.timestamp) >>> 0).toBeLessThan(42_000);
    for (const [i, packet] of one.came.entries()) {
      expect(packet.sequence).toBe((first!.sequence + i) & 0xffff);
      expect(packet.timestamp).toBe((first!.timestamp + i * 160) >>> 0);
    }
    expect(louder(one, 440, 1_000)).toBeGreaterThan(25);
    expect(one.rtcp).toEqual(expect.arrayContaining([200, 5_005]));
  });

  it("hears each key once, with markers or without, whatever gets lost of it", () => {
    const room = createPhoneRoom();
    const phone = room.call("pcmu", false);
    const press = (code: number, timestamp: number, which: number[], marker: boolean): void => {
      for (const i of which)
        phone.send(EVENT_TYPE, event(code, i * 160, i > 4), { timestamp, marker: marker && i === 1 });
    };
    phone.says = undefined;
    press(1, 1_000, [1, 2, 3, 4, 5, 5, 5], true);
    press(1, 3_000, [1, 2, 3, 4, 5, 5, 5], false);
    press(11, 5_000, [5], false);
    // Late packets of an earlier key.
    press(1, 3_000, [5], false);
    press(15, 7_000, [3], false);
    press(16, 9_000, [3], false);
    phone.send(EVENT_TYPE, Uint8Array.of(5), { timestamp: 11_000 });
    expect(phone.told).toEqual(["1", "1", "#", "D"]);
  });

  it("presses keys: events of one timestamp, their end three times, and nothing else meanwhile", () => {
    const room = createPhoneRoom();
    const [phone, other] = [room.call("pcmu"), room.call("pcmu")];
    other.says = 440;
    room.run(200);
    phone.forget();
    phone.leg.dial("5#");
    room.run(600);
    const events = phone.came.filter(({ type }) => type === EVENT_TYPE);
    const keys = [...new Set(events.map(({ timestamp }) => timestamp))];
    expect(keys).toHaveLength(2);
    for (const [i, code] of [5, 11].entries()) {
      const own = events.filter(({ timestamp }) => timestamp === keys[i]);
      expect(own.map(({ marker }) => marker)).toEqual(own.map((_, place) => place === 0));
      expect(own.every(({ payload }) => payload[0] === code)).toBe(true);
      expect(own.slice(-3).map(({ payload }) => [...payload.slice(1)])).toEqual(Array(3).fill([0x8a, 3, 32]));
      const [first, end] = [phone.came.indexOf(own[0]!), phone.came.indexOf(own.at(-1)!)];
      expect(phone.came.slice(first, end + 1)).toEqual(own);
    }
    const numbers = phone.came.map(({ sequence }) => sequence);
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0]! + i) & 0xffff));
    phone.forget();
    room.run(600);
    expect(louder(phone, 440, 1_000)).toBeGreaterThan(25);
  });

  it("plays what a caller is told before it is in a room, and then the room", () => {
    const room = createPhoneRoom();
    const [phone, other] = [room.call("g722", false), room.call("pcmu")];
    other.says = 1_240;
    phone.leg.prompt("pin", room.now);
    room.run(2_000);
    expect(loudness(phone.heard)).toBeGreaterThan(0.05);
    expect(amplitudeAt(phone.heard, 1_240, phone.rate)).toBeLessThan(0.005);
    expect(phone.told).toEqual([]);
    room.run(2_000);
    expect(phone.told).toEqual(["said pin"]);
    room.enter(phone);
    room.run(1_000);
    expect(louder(phone, 1_240, 784)).toBeGreaterThan(25);
  });

  it("hears music while it is held, over and over, and is not heard", () => {
    const room = createPhoneRoom();
    const [phone, other] = [room.call("g722"), room.call("pcmu")];
    phone.says = 440;
    other.says = 3_000;
    room.run(500);
    phone.agree({ held: true, receives: false });
    room.run(2_500);
    const quietest = (): number => {
      const { heard, rate } = phone;
      let least = 1;
      for (let at = 0; at + rate / 2 <= heard.length; at += rate / 4) {
        least = Math.min(least, loudness(heard.subarray(at, at + rate / 2)));
      }
      return least;
    };
    phone.forget();
    other.forget();
    // Longer than the piece.
    room.run(26_000);
    expect(phone.heard.length).toBeGreaterThan(25.9 * phone.rate);
    expect(quietest()).toBeGreaterThan(0.02);
    expect(amplitudeAt(phone.heard, 3_000, phone.rate)).toBeLessThan(0.001);
    expect(amplitudeAt(other.heard, 440, 8_000)).toBeLessThan(0.001);
    const numbers = phone.came.map(({ sequence }) => sequence);
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0]! + i) & 0xffff));
    phone.agree();
    room.run(1_000);
    expect(louder(phone, 3_000, 440)).toBeGreaterThan(20);
    expect(louder(other, 440, 1_000)).toBeGreaterThan(25);
  });

  it("is told that it was muted, and that it no longer is", () => {
    const room = createPhoneRoom();
    const phone = room.call("pcmu");
    room.put(phone, { muted: true });
    room.put(phone, { muted: true });
    room.run(2_000);
    expect(phone.told).toEqual(["said muted"]);
    expect(loudness(phone.heard)).toBeGreaterThan(0.03);
    room.put(phone, { muted: false });
    room.run(2_500);
    expect(phone.told).toEqual(["said muted", "said unmuted"]);
  });

  it("listens to hosts that signaling named alone, and goes on with the first of them", () => {
    const room = createPhoneRoom();
    const [phone, other] = [room.call("pcmu"), room.call("pcmu")];
    phone.says = 440;
    phone.from = { address: "203.0.113.9", port: 5_004 };
    room.run(500);
    other.forget();
    room.run(500);
    expect(amplitudeAt(other.heard, 440, 8_000)).toBeLessThan(0.001);
    expect(phone.came.every(({ port }) => port === 5_004)).toBe(true);
    // Behind a NAT: from where its signaling comes.
    phone.from = { address: "198.51.100.7", port: 61_000 };
    room.run(1_000);
    expect(louder(other, 440, 1_000)).toBeGreaterThan(25);
    expect(phone.came.at(-1)!.port).toBe(61_000);
    // Where the description says: but somebody is heard already.
    phone.from = { address: "192.0.2.7", port: 5_004 };
    room.run(500);
    other.forget();
    room.run(500);
    expect(amplitudeAt(other.heard, 440, 8_000)).toBeLessThan(0.001);
    expect(phone.came.at(-1)!.port).toBe(61_000);
  });

  it("isn't heard while it is muted, or once it left", () => {
    const room = createPhoneRoom();
    const [phone, other] = [room.call("pcmu"), room.call("pcmu")];
    phone.says = 440;
    room.run(500);
    room.put(phone, { muted: true });
    room.run(500);
    other.forget();
    room.run(500);
    expect(amplitudeAt(other.heard, 440, 8_000)).toBeLessThan(0.001);
    room.put(phone, { muted: false });
    room.run(2_500);
    expect(louder(other, 440, 1_000)).toBeGreaterThan(25);
    phone.leg.leave(room.now);
    phone.leg.leave(room.now);
    expect(phone.told.filter(each => !each.startsWith("said"))).toEqual(["left"]);
    phone.leg.close(room.now);
    expect(phone.told.slice(-2)).toEqual(["left", "closed, holds 0 paths"]);
  });

  it("misses a telephone that says nothing at all, once, but not one that is silent or on hold", () => {
    const room = createPhoneRoom();
    const [gone, quiet, held] = [room.call("pcmu"), room.call("pcmu"), room.call("pcmu")];
    for (const phone of [gone, quiet, held]) phone.says = undefined;
    held.agree({ receives: false });
    for (let i = 0; i < 10; i++) {
      room.run(10_000);
      // Comfort noise.
      quiet.send(13, Uint8Array.of(40));
    }
    expect([gone.told, quiet.told, held.told]).toEqual([["silent"], [], []]);
  });

  it("goes on when the mixer is started again", () => {
    const room = createPhoneRoom();
    const [one, two] = [room.call("pcmu"), room.call("pcmu")];
    two.says = 440;
    room.run(500);
    room.loseMixer();
    one.forget();
    room.run(1_000);
    expect(louder(one, 440, 1_000)).toBeGreaterThan(25);
  });

  it("survives whatever comes to its port, and hears the telephone all the same", { timeout: FUZZ_TIMEOUT }, () => {
    const room = createPhoneRoom();
    const [phone, other] = [room.call("pcmu"), room.call("pcmu")];
    phone.says = 440;
    room.run(200);
    const samples = [0, EVENT_TYPE, 13].map(type =>
      Uint8Array.of(0x80, type, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 10, 1, 64),
    );
    let runs = 0;
    fuzz(samples, bytes => {
      phone.throwAt(bytes);
      if (++runs % 1_024 !== 0) return;
      room.run(20);
      phone.forget();
    });
    expect(phone.told.every(key => "0123456789*#ABCD".includes(key))).toBe(true);
    room.run(1_000);
    expect(louder(other, 440, 1_000)).toBeGreaterThan(25);
  });
});

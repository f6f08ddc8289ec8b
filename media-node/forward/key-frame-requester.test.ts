import { describe, expect, it } from "vitest";
import { KeyFrameRequester } from "./key-frame-requester.ts";
import { createRoundTrip } from "./round-trip.ts";

function requester(roundTripTime: number) {
  const roundTrip = createRoundTrip();
  roundTrip.update(roundTripTime);
  return new KeyFrameRequester(roundTrip);
}

/** Times of the requests in two seconds when somebody waits from the start. */
function requests(keyFrames: KeyFrameRequester): number[] {
  const times = keyFrames.want(0) ? [0] : [];
  for (let now = 10; now <= 2_000; now += 10) if (keyFrames.due(now)) times.push(now);
  return times;
}

describe("KeyFrameRequester", () => {
  it("asks at once and once for many who want the same", () => {
    const keyFrames = requester(50);
    expect(keyFrames.want(0)).toBe(true);
    for (let sink = 0; sink < 20; sink++) expect(keyFrames.want(sink)).toBe(false);
  });

  it("repeats every two round trips, 200 ms to a second", () => {
    expect(requests(requester(10))).toEqual([0, 200, 400, 600, 800, 1_000, 1_200, 1_400, 1_600, 1_800, 2_000]);
    expect(requests(requester(250))).toEqual([0, 500, 1_000, 1_500, 2_000]);
    expect(requests(requester(3_000))).toEqual([0, 1_000, 2_000]);
  });

  it("is content once the key frame begins", () => {
    const keyFrames = requester(50);
    keyFrames.want(0);
    keyFrames.settle();
    expect(keyFrames.due(5_000)).toBe(false);
  });

  it("asks anew, but not within the interval, when somebody comes after the key frame", () => {
    const keyFrames = requester(50);
    keyFrames.want(0);
    keyFrames.settle();
    expect(keyFrames.want(60)).toBe(false);
    expect(keyFrames.due(190)).toBe(false);
    expect(keyFrames.due(200)).toBe(true);
  });
});

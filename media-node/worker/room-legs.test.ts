import { expect, it } from "vitest";
import { createFlushList } from "../forward/flush-list.ts";
import type { Leg } from "../gateway/leg/leg.ts";
import type { RtpHost, RtpLeg } from "../gateway/rtp/leg.ts";
import { createLog } from "../log.ts";
import { type MixHost, NO_MIXING } from "../mix/mix-host.ts";
import { createRouter } from "../room/router.ts";
import { createTally } from "../session/tally.ts";
import { createRoomLegs } from "./room-legs.ts";
import { createRoomPhones } from "./room-phones.ts";
import { participantOf, pidOf } from "./testing/model-world.ts";

it("a defect that a leg of plain RTP meets ends that leg alone, and the edge is told", async () => {
  const states: string[] = [];
  const errors: string[] = [];
  let isBroken = true;
  const rtp = {
    async open() {
      const broken = isBroken;
      isBroken = false;
      return {
        ...{ description: "", deadline: 0, update() {}, count() {}, close() {} },
        tick() {
          if (broken) throw new Error("a defect");
        },
      } as Partial<RtpLeg> as RtpLeg;
    },
  } as Partial<RtpHost> as RtpHost;
  const legs = createRoomLegs({
    ...{ rtp, router: createRouter(), past: createTally(), maxBitrate: 1_000_000 },
    flushes: createFlushList(),
    onState: (pid, state) => states.push(`${pid} ${state}`),
    log: createLog("error", {}, line => errors.push(line)),
  });
  for (const number of [1, 2]) await legs.open(participantOf(number), {}, 0);
  legs.tick(20);
  legs.tick(40);
  expect([...legs.pids]).toEqual([pidOf(2)]);
  expect([states, errors.length]).toEqual([[`${pidOf(1)} closed`], 1]);
});

it("a defect of the telephones' mix ends the calls that hear by it, and nothing else", () => {
  const errors: string[] = [];
  const left: string[] = [];
  const mixing: MixHost = {
    ...NO_MIXING,
    open() {
      throw new Error("a defect");
    },
  };
  const phones = createRoomPhones(
    createRouter(),
    mixing,
    { flushes: createFlushList(), maxBitrate: 1_000_000 },
    createLog("error", {}, line => errors.push(line)),
  );
  let unlisten = (): void => {};
  const leg = {
    enter({ mix }) {
      unlisten = mix.listen(1, { codec: "pcm", rate: 8_000 }, () => {});
    },
    leave() {
      unlisten();
      left.push("left");
    },
  } as Partial<Leg> as Leg;
  phones.join(leg, participantOf(1), 0);
  phones.tick(20);
  phones.tick(40);
  expect([left, [...phones.pids], errors.length]).toEqual([["left"], [], 1]);
});

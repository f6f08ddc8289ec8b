import { expect, it } from "vitest";
import { createLog } from "../../log.ts";
import { type MixHost, NO_MIXING } from "../../mix/mix-host.ts";
import type { RtpSocket } from "../rtp/channel.ts";
import type { RtpHost } from "../rtp/leg.ts";
import { loadClips } from "./clips.ts";
import { createLegs } from "./legs.ts";
import type { LegAgreement, LegNews } from "./orders.ts";
import { TEST_KEYS } from "./testing/keys.ts";

it("a defect that a leg meets ends that leg alone, and its call is told", async () => {
  const news: LegNews[] = [];
  const errors: string[] = [];
  const freed: number[] = [];
  let port = 40_000;
  const socket = { pathOf: () => 0, retain() {}, release() {} } as Partial<RtpSocket> as RtpSocket;
  const rtp = {
    address: "127.0.0.1",
    async openPair() {
      port += 2;
      const own = port;
      return { port: own, rtp: socket, rtcp: socket, listen() {}, close: () => void freed.push(own) };
    },
  } as Partial<RtpHost> as RtpHost;
  const mixing: MixHost = {
    ...NO_MIXING,
    open: () => ({
      ...{ addInput() {}, removeInput() {}, addListener() {}, removeListener() {}, close() {} },
      push() {
        throw new Error("a defect");
      },
    }),
  };
  const legs = createLegs({
    ...{ rtp, mixing, clips: await loadClips(), tell: said => news.push(said), join() {} },
    ...{ certificate: () => TEST_KEYS.certificate, handshakes: TEST_KEYS.handshakes },
    log: createLog("error", {}, line => errors.push(line)),
  });
  const agreement: LegAgreement = {
    ...{ address: "192.0.2.1", port: 4_000, from: ["192.0.2.1"], sends: true, receives: true },
    formats: [{ codec: "pcmu", sendType: 0, receiveType: 0 }],
  };
  for (const leg of [1, 2]) {
    await legs.obey({ type: "leg.open", leg, video: false }, 0);
    await legs.obey({ type: "leg.update", leg, agreement }, 0);
  }
  await legs.obey({ type: "leg.prompt", leg: 1, clip: "pin" }, 0);
  legs.tick(20);
  legs.tick(40);
  expect(news).toEqual([{ type: "leg.failed", leg: 1 }]);
  expect([legs.size, freed, errors.length]).toEqual([1, [40_002], 1]);
});

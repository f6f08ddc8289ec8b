import { expect, it } from "vitest";
import { type MixHost, NO_MIXING } from "../../mix/mix-host.ts";
import type { Source } from "../../room/source.ts";
import { createVoice } from "./voice.ts";

it("a telephone that alternates between rates has another mixer once a second at most", () => {
  let opened = 0;
  const mixing: MixHost = {
    ...NO_MIXING,
    open() {
      opened++;
      return { addInput() {}, removeInput() {}, addListener() {}, removeListener() {}, push() {}, close() {} };
    },
  };
  const source = { open: true } as Partial<Source> as Source;
  const voice = createVoice(mixing, () => source);
  const bytes = Buffer.alloc(160);
  for (let i = 0; i < 250; i++) voice.push(i % 2 === 0 ? "pcmu" : "g722", i, i * 160, bytes, 0, 160, i * 20);
  expect(opened).toBeGreaterThan(1);
  expect(opened).toBeLessThanOrEqual(5);
});

import { describe, expect, it } from "vitest";
import { createBench } from "./peer.testing.ts";
import { ICE_RESULT } from "./types.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 10_000);

describe("an agent at an open port", () => {
  it("gives strangers nothing, whatever they make of recorded checks", { timeout: 3_600_000 }, () => {
    const bench = createBench();
    const recorded: Uint8Array[] = [];
    const handle = bench.agent.handle;
    bench.agent.handle = (bytes, offset, length, ...rest) => {
      recorded.push(bytes.slice(offset, offset + length));
      return handle(bytes, offset, length, ...rest);
    };
    bench.check(1, { nominate: true });
    bench.agent.dtlsFinished(1, 1, 0);
    bench.check(1, { extra: writer => writer.flag(0x7000) });
    bench.check(1, { controlled: true });
    bench.check(1, { sha256: true });
    bench.check(2, { nominate: true });
    bench.respond(1);
    bench.agent.handle = handle;
    bench.flush();
    let state = 8445;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let run = 0; run < RUNS; run++) {
      const original = recorded[random(recorded.length)]!;
      const bytes = original.slice();
      for (let i = 1 + random(3); i > 0; i--) bytes[random(bytes.length)]! ^= 1 + random(255);
      const length = random(4) === 0 ? random(bytes.length) : bytes.length;
      if (Buffer.compare(bytes.subarray(0, length), original) === 0) continue;
      const result = handle(bytes, 0, length, 1000 + run, "198.51.100.7", 9, run);
      if (result === ICE_RESULT.answered || result === ICE_RESULT.proved) expect.unreachable(`run ${run}`);
      bench.sent.length = 0;
    }
    expect(bench.events).toEqual([]);
    expect(bench.agent.selected).toBe(1);
  });
});

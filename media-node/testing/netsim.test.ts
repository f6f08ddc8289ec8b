import { describe, expect, it } from "vitest";
import { createNetsim, type LinkOptions } from "./netsim.ts";

function transfer(options: LinkOptions, packets: number, seed = 1, gap = 1): { at: number; n: number }[] {
  const sim = createNetsim(seed, 0);
  const arrivals: { at: number; n: number }[] = [];
  const link = sim.link(options, packet => arrivals.push({ at: sim.now, n: packet.readUInt32BE(0) }));
  for (let n = 0; n < packets; n++) {
    sim.at(n * gap, () => {
      const packet = Buffer.alloc(1000);
      packet.writeUInt32BE(n, 0);
      link.send(packet);
    });
  }
  sim.run(packets * gap + 10_000);
  return arrivals;
}

describe("netsim", () => {
  it("runs events in order of time, and of scheduling within one time", () => {
    const sim = createNetsim(1, 0);
    const seen: string[] = [];
    sim.at(5, () => seen.push("c"));
    sim.at(2, () => seen.push("a"));
    sim.at(2, () => seen.push("b"));
    sim.run(10);
    expect(seen).toEqual(["a", "b", "c"]);
    expect(sim.now).toBe(10);
  });

  it("repeats an action until it is ended", () => {
    const sim = createNetsim(1, 0);
    let turns = 0;
    const end = sim.every(10, () => turns++);
    sim.run(35);
    end();
    sim.run(100);
    expect(turns).toBe(3);
  });

  it("gives the same run for the same seed, another for another", () => {
    const options = { delay: 20, jitter: 10, loss: 0.1, reorder: 0.1, duplicate: 0.05 };
    expect(transfer(options, 500, 7)).toEqual(transfer(options, 500, 7));
    expect(transfer(options, 500, 7)).not.toEqual(transfer(options, 500, 8));
  });

  it("delays within its bounds and keeps the order", () => {
    const arrivals = transfer({ delay: 20, jitter: 15 }, 300);
    expect(arrivals.map(({ n }) => n)).toEqual(Array.from({ length: 300 }, (_, n) => n));
    for (const { at, n } of arrivals) {
      expect(at - n).toBeGreaterThanOrEqual(20);
      expect(at - n).toBeLessThan(35);
    }
  });

  it("loses in bursts of the length its state asks for", () => {
    const arrivals = transfer({ loss: { goodToBad: 0.01, badToGood: 0.2 } }, 20_000);
    const lost = 20_000 - arrivals.length;
    let bursts = 0;
    for (let i = 1; i < arrivals.length; i++) if (arrivals[i]!.n !== arrivals[i - 1]!.n + 1) bursts++;
    expect(lost / 20_000).toBeGreaterThan(0.03);
    expect(lost / 20_000).toBeLessThan(0.07);
    expect(lost / bursts).toBeGreaterThan(4);
    expect(lost / bursts).toBeLessThan(6);
  });

  it("reorders and duplicates the shares it was told", () => {
    const arrivals = transfer({ reorder: 0.1, reorderBy: 5, duplicate: 0.1 }, 5_000);
    const late = arrivals.filter(({ n }, i) => i > 0 && n < arrivals[i - 1]!.n).length;
    expect(late).toBeGreaterThan(400);
    expect(arrivals.length).toBeGreaterThan(5_400);
    expect(arrivals.length).toBeLessThan(5_600);
  });

  it("delivers at its rate and drops what its queue can't hold", () => {
    const arrivals = transfer({ rate: 800_000, queue: 10_000 }, 1_000, 1, 5);
    expect(arrivals.length).toBeGreaterThan(495);
    expect(arrivals.length).toBeLessThan(520);
    const last = arrivals.at(-1)!;
    expect(last.at - last.n * 5).toBeLessThanOrEqual(101);
  });
});

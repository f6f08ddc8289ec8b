/** The process under test: forwards, and tells its CPU time when asked. */
import { forwardNaively } from "./forward-naive.ts";
import { forwardInRuns } from "./forward-runs.ts";
import type { Shape } from "./shape.ts";

interface Start {
  readonly kind: "naive" | "runs";
  readonly shape: Shape;
  readonly ports: number[];
}

process.on("disconnect", () => process.exit());
process.once("message", ({ kind, shape, ports }: Start) => {
  const forward = kind === "naive" ? forwardNaively : forwardInRuns;
  void forward(shape, ports).then(port => {
    process.on("message", () => {
      const { user, system } = process.cpuUsage();
      process.send?.({ cpu: (user + system) / 1e6 });
    });
    process.send?.({ port });
  });
});

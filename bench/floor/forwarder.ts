/** The process under test: forwards, and does nothing else. */
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
  void forward(shape, ports).then(port => process.send?.({ port }));
});

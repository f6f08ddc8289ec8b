/** `npm run bench -- NAME [--json]`: progress on standard error, one JSON line per figure (or a table) on standard output. */
import type { Figure, Report } from "./figure.ts";

const BENCHES: Record<string, () => Promise<{ run(report: Report): Promise<void> }>> = {
  floor: () => import("./floor.ts"),
  mix: () => import("./mix.ts"),
  sfu: () => import("./sfu.ts"),
  sip: () => import("./sip.ts"),
  signaling: () => import("./signaling.ts"),
  turn: () => import("./turn.ts"),
};

const args = process.argv.slice(2);
const json = args.includes("--json");
const names = args.filter(arg => !arg.startsWith("--"));

if (names.length === 0 || names.some(name => !(name in BENCHES))) {
  console.error(`usage: npm run bench -- NAME [--json]\n\nbenches: ${Object.keys(BENCHES).join(", ")}`);
  process.exit(2);
}

const round = (value: number): number => Number(value.toPrecision(4));

for (const bench of names) {
  const load = BENCHES[bench];
  if (!load) continue;
  await (await load()).run({
    note: text => console.error(`${bench}: ${text}`),
    figure(figure, unit, ours, peer, peerName, better) {
      if (!Number.isFinite(ours) || !Number.isFinite(peer))
        throw new Error(`${figure}: no valid run; is the machine busy?`);
      const ratio = ours === peer ? 1 : better === "higher" ? ours / peer : peer / ours;
      const line: Figure = { bench, figure, unit, ours: round(ours), peer: round(peer), peerName, ratio: round(ratio) };
      console.log(
        json
          ? JSON.stringify(line)
          : `${figure.padEnd(28)} ${String(line.ours).padStart(10)} ${unit.padEnd(12)} ${peerName} ${line.peer} (${line.ratio} x)`,
      );
    },
  });
}

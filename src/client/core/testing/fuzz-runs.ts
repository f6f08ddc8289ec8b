/** How many inputs a fuzz test tries: `FUZZ_RUNS`, or `usual`, which takes well under two seconds. */
export const fuzzRuns = (usual: number): number => Number(process.env.FUZZ_RUNS ?? usual);

/** Time limit of a fuzz test or sweep, in ms: the long form runs for minutes, and machines are busy. */
export const FUZZ_TIMEOUT = 1_800_000;

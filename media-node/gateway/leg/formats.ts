import type { MixFormat } from "../../mix/mix-format.ts";

/** Codecs of telephones. */
export const LEG_CODECS = ["opus", "g722", "pcmu", "pcma"] as const;
export type LegCodec = (typeof LEG_CODECS)[number];

/** How a telephone hears the room: never at more than its own rate. */
export const HEARD: Readonly<Record<LegCodec, MixFormat>> = {
  opus: { codec: "opus", rate: 48_000 },
  g722: { codec: "g722", rate: 16_000 },
  pcmu: { codec: "pcmu", rate: 8_000 },
  pcma: { codec: "pcma", rate: 8_000 },
};

/** How the room hears it: Opus of its own rate, which nobody has to resample. */
export const SPOKEN: Readonly<Record<LegCodec, MixFormat>> = {
  opus: HEARD.opus,
  g722: { codec: "opus", rate: 16_000 },
  pcmu: { codec: "opus", rate: 8_000 },
  pcma: { codec: "opus", rate: 8_000 },
};

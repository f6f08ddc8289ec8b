/**
 * What the TURN workers of a node must know of each other, by way of the main process: seldom enough, since nothing of it is
 * told per packet.
 */
export type TurnNews =
  /** A relay opened or closed: others may reach its port. */
  | { readonly type: "relay"; readonly family: number; readonly port: number; readonly open: boolean }
  /** An identity holds so many allocations more, or fewer. */
  | { readonly type: "held"; readonly identity: string; readonly change: number }
  /** A source that has proven nothing got so many answers; see `SourceBudget`. */
  | { readonly type: "spent"; readonly source: number; readonly answers: number };

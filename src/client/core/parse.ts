/**
 * Frames from the edge, validated. What a newer edge adds is ignored: unknown types here, unknown fields by the schemas.
 * @module
 */
import * as v from "valibot";
import { RECEIVED_SIGNALS, type ReceivedSignal } from "../../protocol/commands.ts";
import { EVENTS, type RoomEvent } from "../../protocol/events.ts";
import { EDGE_FRAMES } from "../../protocol/frames.ts";

type Frames = typeof EDGE_FRAMES;
/** A frame around events and signals. */
export type ControlFrame = { [K in keyof Frames]: v.InferOutput<Frames[K]> }[keyof Frames];
/** A valid frame of a known type, sorted. */
export type EdgeFrame =
  | { kind: "control"; frame: ControlFrame }
  | { kind: "event"; frame: RoomEvent }
  | { kind: "signal"; frame: ReceivedSignal };

/** Why a frame says nothing to this client: of a type it doesn't know, or not what its type promises. */
export type Unreadable = { kind: "unknown" } | { kind: "invalid"; of: EdgeFrame["kind"] | undefined; detail: string };

const TABLES = [
  ["control", EDGE_FRAMES],
  ["event", EVENTS],
  ["signal", RECEIVED_SIGNALS],
] as const;

/** Read one frame's value; events within a replay are read by this as well. */
export function readFrame(value: unknown): EdgeFrame | Unreadable {
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  if (typeof type !== "string") return { kind: "invalid", of: undefined, detail: "a frame without a type" };
  for (const [kind, table] of TABLES) {
    if (!Object.hasOwn(table, type)) continue;
    const result = v.safeParse((table as Record<string, v.GenericSchema>)[type] as v.GenericSchema, value);
    if (result.success) return { kind, frame: result.output } as EdgeFrame;
    const [issue] = result.issues;
    return { kind: "invalid", of: kind, detail: `${type}: ${v.getDotPath(issue) ?? ""} ${issue.message}` };
  }
  return { kind: "unknown" };
}

/** Read a text frame; never throws. */
export function parseFrame(text: string): EdgeFrame | Unreadable {
  try {
    return readFrame(JSON.parse(text));
  } catch {
    return { kind: "invalid", of: undefined, detail: "not JSON" };
  }
}

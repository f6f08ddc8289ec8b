import * as v from "valibot";
import type { ErrorCode } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { NODE_FRAMES, type NodeFrame } from "../../protocol/link.ts";
import { exceedsBytes } from "../../protocol/names.ts";

const schemas: Readonly<Record<string, v.GenericSchema>> = NODE_FRAMES;

/** A frame of a node's link, checked; or why it is none, with the place in it; undefined for a type that isn't known. */
export function readNodeFrame(
  data: string | ArrayBuffer,
): { frame: NodeFrame } | { refusal: ErrorCode; detail?: string | undefined } | undefined {
  if (typeof data !== "string") return { refusal: "bad-frame" };
  if (exceedsBytes(data, LIMITS.edgeFrameBytes)) return { refusal: "too-large" };
  let raw: { type?: unknown } | null;
  try {
    raw = JSON.parse(data) as typeof raw;
  } catch {
    return { refusal: "bad-frame" };
  }
  const type = String(raw?.type);
  const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (!schema) return undefined;
  const parsed = v.safeParse(schema, raw);
  if (parsed.success) return { frame: parsed.output as NodeFrame };
  return { refusal: "bad-frame", detail: v.getDotPath(parsed.issues[0]) ?? undefined };
}

/**
 * Frames on the wire: reading what clients send, writing answers.
 * @module
 */
import * as v from "valibot";
import { CLIENT_FRAMES, type ClientFrame, Hello, type Hello as HelloFrame } from "../../protocol/commands.ts";
import { ERRORS, type ErrorCode, TandemError } from "../../protocol/errors.ts";
import type { ErrorFrame } from "../../protocol/frames.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { exceedsBytes } from "../../protocol/names.ts";

/** A JSON object with a type: all that is known before its schema is. */
export interface RawFrame {
  readonly type: string;
  /** The command's id, if it has a usable one: so that even a refusal of the rest can be told apart. */
  readonly id: number | undefined;
  readonly value: object;
}

/** Frames that may be large. */
const CARRY_SDP: ReadonlySet<string> = new Set(["peer.description", "session.offer"]);

/**
 * Read a frame as far as its type.
 * @throws TandemError `bad-frame` or `too-large`
 */
export function openFrame(data: string | ArrayBuffer): RawFrame {
  if (typeof data !== "string") throw new TandemError("bad-frame", "binary frames are not spoken here");
  if (exceedsBytes(data, LIMITS.descriptionFrameBytes)) {
    throw new TandemError("too-large", `at most ${LIMITS.descriptionFrameBytes} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new TandemError("bad-frame", "not JSON");
  }
  if (typeof value !== "object" || value === null || !("type" in value) || typeof value.type !== "string") {
    throw new TandemError("bad-frame", "not an object with a type");
  }
  if (!CARRY_SDP.has(value.type) && exceedsBytes(data, LIMITS.frameBytes)) {
    throw new TandemError("too-large", `at most ${LIMITS.frameBytes} bytes`);
  }
  const id = "id" in value && Number.isSafeInteger(value.id) ? (value.id as number) : undefined;
  return { type: value.type, id, value };
}

function check<T extends v.GenericSchema>(schema: T, value: object): v.InferOutput<T> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new TandemError("bad-request", `${v.getDotPath(issue) ?? "frame"}: ${issue.message}`);
}

/** @throws TandemError `bad-request` */
export const checkHello = (frame: RawFrame): HelloFrame => check(Hello, frame.value);

/**
 * Validate a frame that comes after hello.
 * @throws TandemError `unknown-command` or `bad-request`
 */
export function checkFrame(frame: RawFrame): ClientFrame {
  if (!Object.hasOwn(CLIENT_FRAMES, frame.type)) throw new TandemError("unknown-command", frame.type.slice(0, 64));
  return check(
    CLIENT_FRAMES[frame.type as keyof typeof CLIENT_FRAMES] as v.GenericSchema<unknown, ClientFrame>,
    frame.value,
  );
}

/** An `error` frame as text. */
export function errorText(code: ErrorCode, detail?: string, id?: number): string {
  const { message, retryable } = ERRORS[code];
  const frame: ErrorFrame = { type: "error", ...(id !== undefined && { id }), code, message, retryable };
  if (detail !== undefined) frame.detail = detail;
  return JSON.stringify(frame);
}

/** An `ok` frame as text. */
export const okText = (id: number, result: unknown): string => JSON.stringify({ type: "ok", id, result });

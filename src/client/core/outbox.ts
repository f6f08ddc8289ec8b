/**
 * Commands on their way: numbered, bounded, and answered once.
 * @module
 */
import * as v from "valibot";
import type { ClientFrameInput, CommandType } from "../../protocol/commands.ts";
import { TandemError } from "../../protocol/errors.ts";
import { RESULTS } from "../../protocol/frames.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { exceedsBytes } from "../../protocol/names.ts";
import { abortable } from "./abort.ts";

type Results = typeof RESULTS;
/** What the answer to a command carries. */
export type Result<T extends CommandType> = T extends keyof Results ? v.InferOutput<Results[T]> : undefined;
/** A command's fields, without the envelope. */
export type Body<T extends CommandType> = Omit<ClientFrameInput<T>, "type" | "id">;

interface Entry {
  id: number;
  readonly type: CommandType;
  readonly body: object;
  /** Whether the room may have seen it. */
  sent: boolean;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export interface Outbox {
  /**
   * Send a command, or keep it until there is a connection. Rejects with the room's error; with `rate-limited` if
   * {@link LIMITS.unanswered} are unanswered already; with the signal's reason on abort, though the room may have seen it.
   */
  command<T extends CommandType>(type: T, body: Body<T>, signal?: AbortSignal): Promise<Result<T>>;
  /** The room knows us still: send all that is unanswered again. It applies each once and answers with what it kept. */
  resume(): void;
  /** We are somebody new to the room: what it may have seen has failed, what it can't have seen goes out anew. */
  restart(): void;
  /** An id for a signal: they count in one sequence with commands. */
  nextId(): number;
  ok(id: number, result: unknown): void;
  /** Whether `id` was one of ours. */
  error(id: number, error: TandemError): boolean;
  /** Fail all that is unanswered, and all that comes. */
  close(error: TandemError): void;
}

/** Make an outbox over `send`, which returns false while there is no connection that commands may use. */
export function createOutbox(send: (text: string) => boolean): Outbox {
  // In order of id, which is the order of sending.
  const entries = new Map<number, Entry>();
  let lastId = 0;
  let closed: TandemError | undefined;

  const textOf = (entry: Entry): string => JSON.stringify({ type: entry.type, id: entry.id, ...entry.body });
  const transmit = (entry: Entry): void => {
    if (send(textOf(entry))) entry.sent = true;
  };
  const take = (id: number): Entry | undefined => {
    const entry = entries.get(id);
    entries.delete(id);
    return entry;
  };

  return {
    command(type, body, signal) {
      if (closed) return Promise.reject(closed);
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (entries.size >= LIMITS.unanswered) {
        return Promise.reject(new TandemError("rate-limited", `${LIMITS.unanswered} commands are unanswered`));
      }
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const entry: Entry = { id: lastId + 1, type, body, sent: false, resolve, reject };
      const limit = type === "session.offer" ? LIMITS.descriptionFrameBytes : LIMITS.frameBytes;
      // The room answers what it doesn't read without naming the command, so it must not get that far.
      if (exceedsBytes(textOf(entry), limit)) return Promise.reject(new TandemError("too-large", `${limit} bytes`));
      lastId = entry.id;
      entries.set(entry.id, entry);
      transmit(entry);
      // One that the room can't have seen is withdrawn; any other stays, for its id and outcome must be settled.
      const withdraw = (): void => {
        if (!entry.sent) entries.delete(entry.id);
      };
      signal?.addEventListener("abort", withdraw, { once: true });
      promise.catch(() => {}).finally(() => signal?.removeEventListener("abort", withdraw));
      return abortable(promise, signal) as Promise<Result<typeof type>>;
    },
    resume() {
      for (const entry of entries.values()) transmit(entry);
    },
    restart() {
      const old = [...entries.values()];
      entries.clear();
      lastId = 0;
      for (const entry of old) {
        if (entry.sent) {
          entry.reject(new TandemError("resume-refused", `whether the room took ${entry.type} is not known`));
          continue;
        }
        entry.id = ++lastId;
        entries.set(entry.id, entry);
        transmit(entry);
      }
    },
    nextId: () => ++lastId,
    ok(id, result) {
      const entry = take(id);
      if (!entry) return;
      const schema = entry.type in RESULTS ? RESULTS[entry.type as keyof Results] : undefined;
      const parsed = schema && v.safeParse(schema as v.GenericSchema, result);
      if (parsed && !parsed.success) entry.reject(new TandemError("bad-frame", `the answer to ${entry.type}`));
      else entry.resolve(parsed?.output);
    },
    error(id, error) {
      const entry = take(id);
      entry?.reject(error);
      return entry !== undefined;
    },
    close(error) {
      closed = error;
      for (const entry of entries.values()) entry.reject(error);
      entries.clear();
    },
  };
}

/**
 * Commands that wait for a node's answer.
 * @module
 */
import { isErrorCode, TandemError } from "../../protocol/errors.ts";
import type { NodeFrame } from "../../protocol/link.ts";

/** What a node answers to a command. */
export type Answer = Readonly<Omit<Extract<NodeFrame, { type: "done" }>, "type" | "id">>;

export interface Waiting {
  /** A fresh command id, and the answer that will come under it; `no-media-node` after `ms`. */
  ask(ms: number): { id: number; answer: Promise<Answer> };
  done(id: number, answer: Answer): void;
  failed(id: number, code: string, detail?: string): void;
  /** The link is gone, and with it every answer. */
  abandon(): void;
}

/** Make an empty list. */
export function createWaiting(): Waiting {
  const entries = new Map<
    number,
    { resolve(answer: Answer): void; reject(error: TandemError): void; timer: ReturnType<typeof setTimeout> }
  >();
  let last = 0;

  const take = (id: number) => {
    const entry = entries.get(id);
    if (!entry) return undefined;
    entries.delete(id);
    clearTimeout(entry.timer);
    return entry;
  };

  return {
    ask(ms) {
      const id = ++last;
      const answer = new Promise<Answer>((resolve, reject) => {
        const timer = setTimeout(
          () => take(id)?.reject(new TandemError("no-media-node", "the node did not answer")),
          ms,
        );
        entries.set(id, { resolve, reject, timer });
      });
      return { id, answer };
    },
    done: (id, answer) => take(id)?.resolve(answer),
    failed: (id, code, detail) => take(id)?.reject(new TandemError(isErrorCode(code) ? code : "internal", detail)),
    abandon() {
      for (const id of [...entries.keys()])
        take(id)?.reject(new TandemError("no-media-node", "the node's link is lost"));
    },
  };
}

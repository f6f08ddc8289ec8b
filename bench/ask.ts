import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Sends a child process a question and resolves with its answer, the next message that comes. */
export async function ask<T>(child: ChildProcess, question: object | number): Promise<T> {
  const done = new AbortController();
  const { signal } = done;
  child.send(question);
  try {
    const ended = once(child, "exit", { signal }).then(([code]) => {
      throw new Error(`a bench process ended with ${code}`);
    });
    const [answer] = (await Promise.race([once(child, "message", { signal }), ended])) as [T];
    ended.catch(() => {});
    return answer;
  } finally {
    done.abort();
  }
}

export const pause = (milliseconds: number) => new Promise<void>(resolve => setTimeout(resolve, milliseconds));

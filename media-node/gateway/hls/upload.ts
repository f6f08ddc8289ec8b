/**
 * Segments handed to the edge, which keeps and serves them.
 * @module
 */
import type { FileTaker } from "./ordered-store.ts";

/** A request that isn't answered by then (ms) is given up. */
const PATIENCE = 10_000;
/** Pauses (ms) before it is made again, where that may help. */
const PAUSES = [500, 1_000, 2_000, 4_000] as const;

export interface UploadOptions {
  /** URL of the broadcast at the edge, without a slash at its end. */
  readonly url: string;
  readonly token: string;
  readonly fetch: (url: string, request: RequestInit) => Promise<Pick<Response, "status" | "body">>;
  readonly pause: (time: number) => Promise<void>;
}

/** Nobody but the edge's own trouble is waited for: what it refuses it will refuse again. */
const mayPass = (status: number): boolean => status >= 500 || status === 429;

export function createUpload({ url, token, fetch, pause }: UploadOptions): FileTaker {
  const headers = { authorization: `Bearer ${token}` };

  async function ask(method: string, name: string, body?: Buffer | string): Promise<void> {
    for (let tries = 0; ; tries++) {
      const request: RequestInit = { method, headers, signal: AbortSignal.timeout(PATIENCE) };
      if (body !== undefined) request.body = body as string;
      const status = await fetch(`${url}/${name}`, request).then(
        response => {
          response.body?.cancel();
          return response.status;
        },
        () => 0,
      );
      if (status >= 200 && status < 300) return;
      const wait = PAUSES[tries];
      if (wait === undefined || !(status === 0 || mayPass(status))) {
        throw new Error(status === 0 ? "the edge can't be reached" : `the edge answers ${method} with ${status}`);
      }
      await pause(wait);
    }
  }

  return {
    // The edge has emptied it.
    begin: async () => {},
    write: (name, content) => ask("PUT", name, content),
    remove: name => ask("DELETE", name),
  };
}

import { createServer } from "node:net";

/** Below what the kernel hands out by itself (32768 and up): a port that is free now stays so until its server has started. */
const FIRST = 10_000;
const LAST = 29_999;

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const probe = createServer().once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });

/** A TCP port on 127.0.0.1 that nobody has. Any of many, since other tests look for theirs meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await isFree(port)) return port;
  }
}

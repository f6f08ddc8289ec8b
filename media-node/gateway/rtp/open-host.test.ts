import { createSocket } from "node:dgram";
import { afterEach, describe, expect, it } from "vitest";
import { createLog } from "../../log.ts";
import { createRtpHost } from "./open-host.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

describe("ports for RTP", () => {
  it("are heard no more after a defect of ours, which no other one notices", async () => {
    const errors: string[] = [];
    const host = createRtpHost({
      ...{ listen: "127.0.0.1", address: "127.0.0.1", min: 34_200, max: 34_299, destinations: [] },
      timeOrigin: performance.timeOrigin,
      onBatchEnd() {},
      log: createLog("error", {}, line => errors.push(line)),
    });
    const [broken, other] = [await host.openPair(), await host.openPair()];
    closing.push(broken.close, other.close);
    let calls = 0;
    let heard = 0;
    broken.listen(() => {
      calls++;
      throw new Error("a defect");
    });
    other.listen((at, bytes) => {
      if (at === "rtcp") heard += bytes.length;
    });
    const socket = createSocket("udp4");
    closing.push(() => socket.close());
    // One socket sends in order, and what comes to the second pair came after what came to the first.
    await expect
      .poll(() => {
        for (const port of [broken.port, broken.port + 1, broken.port]) socket.send("first", port, "127.0.0.1");
        socket.send("second", other.port + 1, "127.0.0.1");
        return errors.length > 0 && heard > 18;
      })
      .toBe(true);
    expect([calls, errors.length]).toEqual([1, 1]);
    expect(errors[0]).toContain("a defect");
  });
});

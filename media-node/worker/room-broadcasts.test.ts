import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HlsOrder } from "../../src/protocol/index.ts";
import { createLog } from "../log.ts";
import { NO_MIXING } from "../mix/mix-host.ts";
import { createRouter } from "../room/router.ts";
import type { HlsConfig } from "./messages.ts";
import { createRoomBroadcasts } from "./room-broadcasts.ts";
import { participantOf, pidOf } from "./testing/model-world.ts";

const EDGE = "http://edge.test";
const ORDER: HlsOrder = { name: "live", video: [16, 17], audio: "mix" };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tandem-broadcasts-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function setUp(hls: HlsConfig | undefined) {
  const states: string[] = [];
  const errors: string[] = [];
  const broadcasts = createRoomBroadcasts({
    ...{ room: "eu.stage", router: createRouter(), mixing: NO_MIXING, hls },
    log: createLog("error", {}, line => errors.push(line)),
    onState: (pid, state) => states.push(`${pid} ${state}`),
  });
  return { broadcasts, states, errors };
}

describe("a room's broadcasts", () => {
  it("have a folder each, whose place is told with the URL that it is served at", async () => {
    const { broadcasts, states } = setUp({ edge: EDGE, folder: { path: folder, url: "https://live.test/hls/" } });
    expect(broadcasts.open(participantOf(1), ORDER)).toEqual({
      playlist: "https://live.test/hls/eu.stage/live/index.m3u8",
    });
    broadcasts.open(participantOf(2), { ...ORDER, name: "other" });
    expect([...broadcasts.pids]).toEqual([pidOf(1), pidOf(2)]);
    expect(states).toEqual([`${pidOf(1)} connected`, `${pidOf(2)} connected`]);
    broadcasts.tick(0);
    broadcasts.remove(pidOf(1));
    broadcasts.remove(pidOf(1));
    broadcasts.close();
    expect([...broadcasts.pids]).toEqual([]);
    const ended = (): Promise<string[]> => readdir(join(folder, "eu.stage", "other"));
    await expect.poll(ended).toEqual(["index.m3u8"]);
    expect(states).toHaveLength(2);
  });

  it("take the folder of the one that they replace, whether or not that was told to be gone, once it is written", async () => {
    const { broadcasts, states, errors } = setUp({ edge: EDGE, folder: { path: folder, url: "" } });
    for (let number = 1; number <= 5; number++) broadcasts.open(participantOf(number), ORDER);
    expect([...broadcasts.pids]).toEqual([pidOf(5)]);
    const files = (): Promise<string[]> => readdir(join(folder, "eu.stage", "live"));
    await expect.poll(files).toEqual([]);
    broadcasts.remove(pidOf(4));
    await expect.poll(files).toEqual([]);
    broadcasts.close();
    await expect.poll(files).toEqual(["index.m3u8"]);
    expect([states.length, errors]).toEqual([5, []]);
  });

  it("end when the folder can't be written, which the edge is told", async () => {
    await writeFile(join(folder, "eu.stage"), "a file where a folder should be");
    const { broadcasts, states, errors } = setUp({ edge: EDGE, folder: { path: folder, url: "" } });
    expect(broadcasts.open(participantOf(1), ORDER)).toEqual({ playlist: "eu.stage/live/index.m3u8" });
    await expect.poll(() => states).toEqual([`${pidOf(1)} connected`, `${pidOf(1)} closed`]);
    expect(errors.join()).toContain("can't be written");
    expect([...broadcasts.pids]).toEqual([]);
  });

  it("are refused where there is neither a folder nor a place at the edge", () => {
    const { broadcasts } = setUp({ edge: EDGE });
    expect(() => broadcasts.open(participantOf(1), ORDER)).toThrow(
      expect.objectContaining({ code: "node-setting", detail: expect.stringContaining("hls-folder") }),
    );
  });
});

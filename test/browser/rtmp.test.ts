import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RtmpDoor } from "../../src/protocol/index.ts";
import { expectFrames, joinCall, until } from "../support/call-page.ts";
import { expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { type RunningNode, startNode } from "../support/node.ts";
import { joinToken } from "../support/tokens.ts";

const ROOM = "studio";
const TONE = 700;

describe("ffmpeg pushes RTMP", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let node: RunningNode;
  let browser: Browser;
  let guest: Page;
  let door: RtmpDoor;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    node = await startNode({ edge: edge.url, settings: { "rtmp-listen": "127.0.0.1:0" } });
    cleanup.add(node.stop);
    browser = await launchChromium();
    cleanup.add(() => browser.close());
    guest = await openBlank(browser, edge.url);
    await joinCall(guest, { url: edge.url, token: await joinToken(ROOM, "guest"), tone: 1_300, hue: 120 });
    const token = await joinToken(ROOM, "encoder", { publish: ["mic", "camera"] });
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${edge.url}/v1/rtmp/${ROOM}`, { method: "POST", headers });
    expect(response.status).toBe(201);
    door = (await response.json()) as RtmpDoor;
  });
  afterAll(cleanup.run);

  /** Push a test picture and a tone. 48 kHz would be too easy. */
  function push(key: string, ...encoding: string[]): { readonly child: ChildProcess; readonly ended: Promise<string> } {
    const child = spawn("ffmpeg", [
      ...["-hide_banner", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=10"],
      ...["-re", "-f", "lavfi", "-i", `sine=frequency=${TONE}:sample_rate=44100`, "-pix_fmt", "yuv420p"],
      ...["-c:v", "libx264", "-preset", "ultrafast", "-g", "10", ...encoding, "-c:a", "aac"],
      ...["-f", "flv", `${door.url}/${key}`],
    ]);
    cleanup.add(() => child.kill("SIGKILL"));
    let errors = "";
    child.stderr?.on("data", data => {
      errors += data;
    });
    return { child, ended: once(child, "close").then(() => errors) };
  }
  const baseline = ["-profile:v", "baseline", "-tune", "zerolatency"];
  const encoder = () =>
    guest.evaluate(() => {
      const found = window.tandem.room.store.get().participants.find(({ identity }) => identity === "encoder");
      return (
        found && {
          kind: found.kind,
          attributes: found.attributes,
          sources: found.sources.map(({ kind }) => kind).sort(),
        }
      );
    });

  it("and is refused without the right key", async () => {
    expect(await push("no-such-key", ...baseline).ended).not.toBe("");
  });

  it("and is refused with B-frames, of which the log tells", async () => {
    expect(await push(door.key, "-profile:v", "main", "-bf", "2").ended).not.toBe("");
    const refused = node.log.find(({ message }) => message === "an encoder was refused");
    expect(refused).toMatchObject({ pid: door.pid, why: expect.stringContaining("B-frames") });
  });

  it("and a browser shows it, and lets it be heard where the node decodes AAC", async () => {
    const { child } = push(door.key, ...baseline);
    await expectFrames(guest, "encoder", "camera", 10, 30_000);
    if (door.sound) await expectTone(guest, "encoder", TONE);
    expect(await encoder()).toMatchObject({
      kind: "rtmp",
      ...(door.sound
        ? { sources: ["camera", "mic"] }
        : { sources: ["camera"], attributes: { sound: expect.stringContaining("AAC") } }),
    });

    // Another one with the same key is turned away while the first one sends.
    expect(await push(door.key, ...baseline).ended).not.toBe("");
    await expectFrames(guest, "encoder");

    // Cut off, it may come back;
    child.kill("SIGKILL");
    await once(child, "exit");
    const again = push(door.key, ...baseline);
    await expectFrames(guest, "encoder", "camera", 10, 30_000);

    // once it says that it is done it is gone, and so is its key.
    again.child.kill("SIGINT");
    await until(guest, () => window.tandem.room.store.get().participants.length === 0, undefined);
    expect(await push(door.key, ...baseline).ended).not.toBe("");
    expect(JSON.stringify(node.log)).not.toContain(door.key);
  });
});

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, createSecureContext } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createCertificate } from "../../dtls/certificate.ts";
import { createLog } from "../../log.ts";
import type { IngestChannel, IngestGuest } from "./door.ts";
import { type OpenRtmpDoor, openRtmpDoor, type RtmpDoorOptions } from "./open-door.ts";
import { chunksOf, command, introduction } from "./testing/encoder.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface TestGuest extends IngestGuest {
  readonly told: string[];
  channel: IngestChannel | undefined;
}

function createGuest(more: Partial<IngestGuest> = {}): TestGuest {
  const guest: TestGuest = {
    told: [],
    channel: undefined,
    connected(channel) {
      guest.channel = channel;
      guest.told.push("connected");
      return true;
    },
    audio: (_bytes, length, timestamp) => guest.told.push(`audio ${length} at ${timestamp}`),
    video: (_bytes, length, timestamp) => guest.told.push(`video ${length} at ${timestamp}`),
    disconnected: finished => guest.told.push(finished ? "finished" : "disconnected"),
    ...more,
  };
  return guest;
}

const lines: string[] = [];
async function open(more: Partial<RtmpDoorOptions> = {}): Promise<OpenRtmpDoor> {
  const door = await openRtmpDoor({
    ...{ address: "127.0.0.1", port: 0, aac: undefined },
    url: port => `rtmp://127.0.0.1:${port}/live`,
    now: () => performance.now(),
    log: createLog("debug", {}, line => lines.push(line)),
    ...more,
  });
  closing.push(door.close);
  return door;
}

/** An encoder's socket, and all that it was told. */
function watch(socket: Socket) {
  const got: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => got.push(bytes)).on("error", () => {});
  closing.push(() => socket.destroy());
  return {
    socket,
    got: () => Buffer.concat(got).toString("latin1"),
    closed: new Promise(resolve => socket.once("close", resolve)),
  };
}

describe("the door for encoders", () => {
  it("lets one in by its key, as often as it comes, until the key is forgotten", async () => {
    const door = await open();
    const guest = createGuest();
    door.expect("s3cret", guest);
    for (const end of ["finished", "disconnected"]) {
      const { socket, got } = watch(connect(door.port, "127.0.0.1"));
      socket.write(introduction("s3cret"));
      socket.write(chunksOf({ type: 9, body: Buffer.alloc(3_000), timestamp: 40 }, 128));
      await expect.poll(() => guest.told).toEqual(["connected", "video 3000 at 40"]);
      await expect.poll(got).toContain("NetStream.Publish.Start");
      if (end === "finished") socket.write(chunksOf(command("deleteStream", 6, null, 1), 128));
      else socket.destroy();
      await expect.poll(() => guest.told.splice(2)).toEqual([end]);
      guest.told.length = 0;
    }
    door.forget("s3cret");
    const late = watch(connect(door.port, "127.0.0.1"));
    late.socket.write(introduction("s3cret"));
    await late.closed;
    expect(late.got()).toContain("NetStream.Publish.BadName");
    expect(guest.told).toEqual([]);
    expect(lines.join()).not.toContain("s3cret");
  });

  it("tells an encoder why it is refused, and hears no more of it", async () => {
    const door = await open();
    const guest = createGuest({ video: () => guest.channel?.refuse("NetStream.Publish.Rejected", "B-frames") });
    door.expect("key", guest);
    const { socket, got, closed } = watch(connect(door.port, "127.0.0.1"));
    socket.write(introduction("key"));
    for (let i = 0; i < 3; i++) socket.write(chunksOf({ type: 9, body: Buffer.alloc(100) }, 128));
    await closed;
    expect(got()).toMatch(/NetStream\.Publish\.Rejected.*B-frames/s);
    expect(guest.told).toEqual(["connected"]);
  });

  it("speaks RTMPS where it has a certificate, and nothing else", async () => {
    const { der, privateKey } = createCertificate({ unixTime: Date.now() });
    const cert = `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----\n`;
    const key = privateKey.export({ type: "pkcs8", format: "pem" });
    const door = await open({ secureContext: () => createSecureContext({ cert, key }) });
    const guest = createGuest();
    door.expect("key", guest);
    const clear = watch(connect(door.port, "127.0.0.1"));
    clear.socket.write(introduction("key"));
    await clear.closed;
    const { socket, got } = watch(connectTls({ port: door.port, host: "127.0.0.1", rejectUnauthorized: false }));
    socket.write(introduction("key"));
    await expect.poll(got).toContain("NetStream.Publish.Start");
    expect(guest.told).toEqual(["connected"]);
  });

  it("keeps sixteen strangers of an address at most, and lets others in once they are gone", async () => {
    const door = await open();
    const guest = createGuest();
    door.expect("key", guest);
    const strangers = Array.from({ length: 16 }, () => watch(connect(door.port, "127.0.0.1")));
    await Promise.all(strangers.map(({ socket }) => once(socket, "connect")));
    const refused = watch(connect(door.port, "127.0.0.1"));
    await refused.closed;
    // One that shows what lets it in is a stranger no more.
    strangers[0]!.socket.write(introduction("key"));
    await expect.poll(() => guest.told).toEqual(["connected"]);
    const last = watch(connect(door.port, "127.0.0.1"));
    last.socket.write(introduction("key"));
    await expect.poll(() => guest.told).toEqual(["connected", "connected"]);
    // Our end closes all.
    door.close();
    await Promise.all([...strangers, last].map(({ closed }) => closed));
  });

  it("waits ten seconds for a key, however busy a stranger keeps it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    closing.push(vi.useRealTimers);
    const door = await open();
    const { socket, got, closed } = watch(connect(door.port, "127.0.0.1"));
    socket.write(introduction("key").subarray(0, 3_400));
    while (!got().includes("NetConnection.Connect.Success")) await once(socket, "data");
    vi.advanceTimersByTime(9_000);
    socket.write(Buffer.of(0));
    expect(socket.closed).toBe(false);
    vi.advanceTimersByTime(1_000);
    await closed;
  });

  it("cuts off whoever doesn't read what it asks for", async () => {
    const door = await open();
    const { socket, closed } = watch(connect(door.port, "127.0.0.1"));
    socket.pause();
    socket.write(introduction("nobody").subarray(0, 1 + 2 * 1_536));
    const ping = chunksOf({ type: 4, body: Buffer.of(0, 6, 1, 2, 3, 4), stream: 0, chunks: 2 }, 128);
    const pings = Buffer.concat(Array.from({ length: 4_000 }, () => ping));
    const timer = setInterval(() => socket.write(pings), 1);
    closing.push(() => clearInterval(timer));
    socket.once("error", () => clearInterval(timer));
    await closed;
  });
});

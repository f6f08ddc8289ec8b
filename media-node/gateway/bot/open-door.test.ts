import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls, createSecureContext } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { BOT_PROTOCOL } from "../../../src/protocol/index.ts";
import { createCertificate } from "../../dtls/certificate.ts";
import { createLog } from "../../log.ts";
import type { BotChannel, BotGuest } from "./door.ts";
import { type BotDoorOptions, type OpenBotDoor, openBotDoor } from "./open-door.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface TestGuest extends BotGuest {
  readonly told: string[];
  channel: BotChannel | undefined;
}

function createGuest(more: Partial<BotGuest> = {}): TestGuest {
  const guest: TestGuest = {
    told: [],
    channel: undefined,
    connected(channel) {
      guest.channel = channel;
      guest.told.push("connected");
    },
    binary: bytes => guest.told.push(`binary ${bytes.length}`),
    text: text => guest.told.push(`text ${text}`),
    disconnected: () => guest.told.push("disconnected"),
    ...more,
  };
  return guest;
}

/** The opening handshake of a program that brings the token `secret`. */
const HANDSHAKE = [
  ...["GET / HTTP/1.1", "Host: a", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"],
  ...["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", `Sec-WebSocket-Protocol: ${BOT_PROTOCOL}, bearer.secret`],
  "\r\n",
].join("\r\n");

const errors: string[] = [];
async function open(more: Partial<BotDoorOptions> = {}): Promise<OpenBotDoor> {
  const door = await openBotDoor({
    address: "127.0.0.1",
    port: 0,
    url: port => `ws://127.0.0.1:${port}/`,
    now: () => performance.now(),
    log: createLog("error", {}, line => errors.push(line)),
    ...more,
  });
  closing.push(door.close);
  return door;
}

/** A program's socket, and what came of it. */
function dial({ url }: OpenBotDoor, token: string) {
  const socket = new WebSocket(url, [BOT_PROTOCOL, `bearer.${token}`]);
  socket.binaryType = "arraybuffer";
  const got: string[] = [];
  socket.onmessage = ({ data }) =>
    got.push(typeof data === "string" ? data : `binary ${(data as ArrayBuffer).byteLength}`);
  const closed = new Promise<number>(resolve => {
    socket.onclose = ({ code }) => resolve(code);
  });
  const opened = new Promise<void>(resolve => {
    socket.onopen = () => resolve();
  });
  closing.push(() => socket.close());
  return { socket, got, closed, opened };
}

describe("the door for programs", () => {
  it("carries texts and PCM both ways, and tells either side of the other's end", async () => {
    const door = await open();
    const guest = createGuest();
    door.expect("secret", guest);
    const { socket, got, closed, opened } = dial(door, "secret");
    await opened;
    guest.channel?.sendText('{"type":"ready"}');
    guest.channel?.sendPcm(new Uint8Array(1_920));
    guest.channel?.ping();
    socket.send("{}");
    socket.send(new Uint8Array(640));
    await expect.poll(() => guest.told).toEqual(["connected", "text {}", "binary 640"]);
    await expect.poll(() => got).toEqual(['{"type":"ready"}', "binary 1920"]);
    socket.close(1_000);
    expect(await closed).toBe(1_000);
    await expect.poll(() => guest.told.at(-1)).toBe("disconnected");

    const other = createGuest();
    door.expect("another", other);
    const second = dial(door, "another");
    await second.opened;
    other.channel?.close(4_421, "gone");
    other.channel?.sendText("too late");
    expect(await second.closed).toBe(4_421);
    expect(other.told).toEqual(["connected"]);
    expect(second.got).toEqual([]);
  });

  it("opens once a token, and to nobody who brings none", async () => {
    const door = await open();
    const guest = createGuest();
    door.expect("secret", guest);
    expect(await dial(door, "guessed").closed).toBe(4_411);
    await dial(door, "secret").opened;
    expect(await dial(door, "secret").closed).toBe(4_411);
    expect(guest.told).toEqual(["connected"]);
    door.expect("withdrawn", createGuest());
    door.forget("withdrawn");
    expect(await dial(door, "withdrawn").closed).toBe(4_411);
  });

  it("doesn't read while its guest has enough", async () => {
    const door = await open();
    const guest = createGuest();
    door.expect("secret", guest);
    const { socket, opened } = dial(door, "secret");
    await opened;
    guest.channel?.pause();
    for (let i = 0; i < 500; i++) socket.send(new Uint8Array(60_000));
    await expect.poll(() => socket.bufferedAmount).toBeGreaterThan(0);
    // What was on its way already may have come; what stands in the program's own memory hasn't.
    expect(guest.told.length).toBeLessThan(500);
    guest.channel?.resume();
    await expect.poll(() => guest.told.length).toBe(501);
  });

  it.each([
    ["too long a message", (socket: WebSocket) => socket.send(new Uint8Array(70_000)), 4_401],
    ["what its guest chokes on", (socket: WebSocket) => socket.send("choke"), 1_006],
  ])("ends a connection for %s, and no other", async (_, harm, code) => {
    const door = await open();
    const guest = createGuest({
      text() {
        throw new Error("a defect of ours");
      },
    });
    const neighbour = createGuest();
    door.expect("secret", guest);
    door.expect("neighbour", neighbour);
    const other = dial(door, "neighbour");
    const { socket, closed, opened } = dial(door, "secret");
    await Promise.all([opened, other.opened]);
    harm(socket);
    expect(await closed).toBe(code);
    await expect.poll(() => guest.told).toEqual(["connected", "disconnected"]);
    other.socket.send("{}");
    await expect.poll(() => neighbour.told).toEqual(["connected", "text {}"]);
    expect(errors.splice(0).length).toBe(code === 1_006 ? 1 : 0);
  });

  it("refuses what is no WebSocket of ours, byte by byte or at once", async () => {
    const door = await open();
    for (const [request, status] of [
      ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"],
      [`GET / HTTP/1.1\r\n${"a: b\r\n".repeat(2_000)}`, "431"],
    ] as const) {
      const socket = connect(door.port, "127.0.0.1");
      let answer = "";
      socket.on("data", bytes => {
        answer += bytes;
      });
      for (const part of request.match(/[\s\S]{1,40}/g) ?? []) socket.write(part);
      await once(socket, "close");
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    }
  });

  it("ends a connection that asks and never reads", async () => {
    const door = await open();
    const guest = createGuest();
    door.expect("secret", guest);
    const socket = connect(door.port, "127.0.0.1");
    closing.push(() => socket.destroy());
    socket.on("error", () => {});
    socket.pause();
    socket.write(HANDSHAKE);
    const ping = Buffer.concat([Buffer.of(0x89, 0x80 | 125, 0, 0, 0, 0), Buffer.alloc(125)]);
    const flood = Buffer.concat(Array.from({ length: 8_000 }, () => ping));
    for (let sent = 0; sent < 64 && !socket.destroyed; sent++) {
      await new Promise<void>(resolve => {
        socket.write(flood, () => resolve());
        socket.once("close", resolve);
      });
    }
    await expect.poll(() => guest.told).toEqual(["connected", "disconnected"]);
  });

  it("has room for so many strangers of one address, and for programs behind them when they are gone", async () => {
    const door = await open();
    const strangers = Array.from({ length: 140 }, () => connect(door.port, "127.0.0.1"));
    for (const socket of strangers) socket.on("error", () => {});
    await expect.poll(() => strangers.filter(socket => socket.closed).length).toBe(108);
    for (const socket of strangers) socket.destroy();
    const guest = createGuest();
    door.expect("secret", guest);
    await expect
      .poll(async () => {
        const { socket, opened, closed } = dial(door, "secret");
        await Promise.race([opened, closed]);
        return socket.readyState === WebSocket.OPEN;
      })
      .toBe(true);
    expect(guest.told).toEqual(["connected"]);
  });

  it("speaks TLS where it has a certificate, and nothing else", async () => {
    const { der, privateKey } = createCertificate({ unixTime: Date.now() });
    const cert = `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----\n`;
    const key = privateKey.export({ type: "pkcs8", format: "pem" });
    const door = await open({ secureContext: () => createSecureContext({ cert, key }) });
    const guest = createGuest();
    door.expect("secret", guest);
    const plain = connect(door.port, "127.0.0.1");
    let answer = "";
    plain.on("data", bytes => {
      answer += bytes.toString("latin1");
    });
    plain.on("error", () => {});
    plain.write(HANDSHAKE);
    await once(plain, "close");
    expect(answer).not.toContain("HTTP/1.1");
    expect(guest.told).toEqual([]);

    const encrypted = connectTls({ host: "127.0.0.1", port: door.port, rejectUnauthorized: false });
    closing.push(() => encrypted.destroy());
    encrypted.on("error", () => {});
    encrypted.write(HANDSHAKE);
    const [first] = (await once(encrypted, "data")) as [Buffer];
    expect(first.toString("latin1")).toMatch(/^HTTP\/1.1 101 /);
    expect(guest.told).toEqual(["connected"]);
    encrypted.destroy();
    await expect.poll(() => guest.told).toEqual(["connected", "disconnected"]);
  });
});

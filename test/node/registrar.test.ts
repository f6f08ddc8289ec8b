import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Call, CallList, ParticipantList, Trunk } from "../../src/protocol/index.ts";
import { type Baresip, startBaresip } from "../support/baresip.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { freePort } from "../support/ports.ts";
import { apiToken } from "../support/tokens.ts";

const PASSWORD = "behind-the-flour";
const soon = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 20_000, interval: 100 });

describe("telephones that register here", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let sip: number;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    sip = await freePort();
    const settings = { "sip-listen": `127.0.0.1:${sip}`, "rtp-ports": "22500-22599" };
    const node = await startNode({ edge: edge.url, settings });
    cleanup.add(node.stop);
    for (const id of ["kitchen", "hall"]) {
      await ask("POST", "/trunks", {
        ...{ id, registration: "inbound" },
        accept: { credentials: { username: id, password: PASSWORD } },
        ...{ callsPerSecond: 20, transfer: "blind", allow: ["hall"] },
      });
    }
    await ask("POST", "/dispatch-rules", { trunks: ["kitchen", "hall"], numbers: ["100"], room: "home", create: true });
  });
  afterAll(cleanup.run);

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${edge.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${await apiToken()}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(response.ok, await response.clone().text()).toBe(true);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }
  const stateOf = async (id: string): Promise<string> => (await ask<Trunk>("GET", `/trunks/${id}`)).state;
  const start = async (user: string, transport: string): Promise<Baresip> => {
    const phone = await startBaresip({ registrar: { user, password: PASSWORD, port: sip, transport } });
    cleanup.add(phone.stop);
    return phone;
  };
  const inRoom = async (): Promise<(string | undefined)[]> => {
    const { participants } = await ask<ParticipantList>("GET", "/rooms/home/participants");
    return participants.map(({ name }) => name).sort();
  };

  it.each([
    ["kitchen", "udp"],
    ["hall", "tcp"],
  ])("are called by their name from a room, and call (%s, %s)", async (user, transport) => {
    const phone = await start(user, transport);
    await soon(() => stateOf(user)).toBe("registered");
    const up = phone.next("CALL_ESTABLISHED");
    phone.command("dial", `sip:100@127.0.0.1:${sip};transport=${transport}`);
    await up;
    await soon(inRoom).toEqual([user]);
    const closed = phone.next("CALL_CLOSED");
    phone.command("hangup");
    await closed;
    await soon(inRoom).toEqual([]);

    const answered = phone.next("CALL_ESTABLISHED");
    const { id, trunk } = await ask<Call>("POST", "/calls", { room: "home", trunk: user, to: user });
    expect(trunk).toBe(user);
    await answered;
    await soon(async () => (await ask<Call>("GET", `/calls/${id}`)).state).toBe("active");
    const over = phone.next("CALL_CLOSED");
    await ask("DELETE", `/calls/${id}`);
    await over;
    await soon(async () => (await ask<CallList>("GET", "/calls?state=running")).calls).toEqual([]);
    // It takes itself back when it ends.
    await phone.stop();
    await soon(() => stateOf(user)).toBe("idle");
  });

  it("hand their place in the room to another one, which is called there", async () => {
    const [phone, other] = await Promise.all([start("kitchen", "udp"), start("hall", "udp")]);
    for (const id of ["kitchen", "hall"]) await soon(() => stateOf(id)).toBe("registered");
    const up = phone.next("CALL_ESTABLISHED");
    phone.command("dial", `sip:100@127.0.0.1:${sip}`);
    await up;
    await soon(inRoom).toEqual(["kitchen"]);
    const [answered, left] = [other.next("CALL_ESTABLISHED"), phone.next("CALL_CLOSED")];
    phone.command("transfer", `sip:hall@127.0.0.1:${sip}`);
    await Promise.all([answered, left]);
    await soon(inRoom).toEqual(["hall"]);
    const over = other.next("CALL_CLOSED");
    other.command("hangup");
    await over;
    await soon(inRoom).toEqual([]);
    await Promise.all([phone.stop(), other.stop()]);
    for (const id of ["kitchen", "hall"]) await soon(() => stateOf(id)).toBe("idle");
  });

  it("that aren't registered can't be called, and that is said", async () => {
    const response = await fetch(`${edge.url}/v1/calls`, {
      method: "POST",
      headers: { authorization: `Bearer ${await apiToken()}` },
      body: JSON.stringify({ room: "home", trunk: "kitchen", to: "kitchen" }),
    });
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { code: "trunk-unavailable", detail: "kitchen: not registered" },
    ]);
  });

  it("are answered alike whether the name is unknown or the password wrong", async () => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    cleanup.add(() => socket.close());
    const { port } = socket.address();
    let cseq = 0;
    async function register(user: string, authorization = ""): Promise<string> {
      const answer = once(socket, "message") as Promise<[Buffer]>;
      const lines = [
        `REGISTER sip:127.0.0.1:${sip} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${++cseq}`,
        ...["Max-Forwards: 70", "From: <sip:a@127.0.0.1>;tag=1", "To: <sip:a@127.0.0.1>", "Call-ID: x"],
        ...[`CSeq: ${cseq} REGISTER`, `Contact: <sip:a@127.0.0.1:${port}>`, "Content-Length: 0"],
        ...(authorization === "" ? [] : [`Authorization: ${authorization}`]),
      ];
      socket.send(
        `${lines.join("\r\n")}\r\n\r\n`.replaceAll("<sip:a@127.0.0.1>", `<sip:${user}@127.0.0.1>`),
        sip,
        "127.0.0.1",
      );
      return String((await answer)[0]);
    }
    const digest = (user: string, nonce: string): string =>
      `Digest username="${user}", realm="127.0.0.1", nonce="${nonce}", uri="sip:127.0.0.1:${sip}", algorithm=MD5, qop=auth, ` +
      `nc=00000001, cnonce="c", response="${"0".repeat(32)}"`;
    const plain = (text: string): string =>
      text
        .replaceAll(/(nonce|tag|branch)="?[^",;\r]+/g, "$1")
        .replaceAll(/kitchen|nobody/g, "who")
        .replaceAll(/CSeq: \d+/g, "CSeq");
    const answers: string[] = [];
    for (const user of ["kitchen", "nobody"]) {
      const first = await register(user);
      const nonce = /nonce="([^"]+)"/.exec(first)?.[1] ?? "";
      const second = await register(user, digest(user, nonce));
      expect(first).toMatch(/^SIP\/2\.0 401 /);
      expect(second).toMatch(/^SIP\/2\.0 401 /);
      answers.push(plain(first), plain(second));
    }
    expect(answers.slice(2)).toEqual(answers.slice(0, 2));
    expect(await stateOf("kitchen")).toBe("idle");
  });
});

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { Ffi } from "../native/ffi.ts";
import { openBoundFd } from "../net/bound-fd.ts";
import { loadLinuxLibc } from "../net/linux-libc.ts";
import { createPoller, type Poller } from "./poller.ts";

/** Datagrams that one poll takes from one socket. */
const MOST = 128;

interface Got {
  readonly tag: number;
  readonly from: string;
  readonly ipv4: number;
  readonly port: number;
  readonly bytes: Uint8Array;
}

const libc = loadLinuxLibc()!;
let poller: Poller;
const got: Got[] = [];
const senders: Socket[] = [];
const descriptors: number[] = [];

const open = (ffi: Ffi = libc.ffi): Poller => {
  poller = createPoller(
    (tag, bytes, offset, length, ipv4, port) =>
      got.push({ tag, from: poller.sender(), ipv4, port, bytes: bytes.slice(offset, offset + length) }),
    { ffi },
  )!;
  return poller;
};

/** A descriptor that nobody but the poller reads, and a function that sends there. */
async function target(address: string): Promise<{ fd: number; send(...datagrams: Uint8Array[]): Promise<number> }> {
  const family = address.includes(":") ? "udp6" : "udp4";
  const probe = createSocket(family);
  probe.bind(0, address);
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  const fd = openBoundFd(libc, address, port, family === "udp4" ? 4 : 6);
  descriptors.push(fd);
  const sender = createSocket(family);
  senders.push(sender);
  sender.bind(0, address);
  await once(sender, "listening");
  return {
    fd,
    async send(...datagrams) {
      for (const datagram of datagrams)
        await new Promise<void>((resolve, reject) =>
          sender.send(datagram, port, address, error => (error ? reject(error) : resolve())),
        );
      return sender.address().port;
    },
  };
}

/** The system, but some of its calls answer otherwise. */
const failing = (calls: Record<string, () => number>): Ffi => ({
  ...libc.ffi,
  load: (library, functions) => ({ ...libc.ffi.load(library, functions)!, ...calls }),
});

afterEach(() => {
  poller?.close();
  for (const sender of senders.splice(0)) sender.close();
  for (const fd of descriptors.splice(0)) libc.call.close(fd);
  got.length = 0;
});

describe("a poller", () => {
  it("delivers what came to any of its sockets, with tag and sender, by IPv4 and IPv6", async () => {
    open();
    const [four, six] = [await target("127.0.0.1"), await target("::1")];
    poller.add(3, four.fd, () => four.fd);
    poller.add(70, six.fd, () => six.fd);
    expect(poller.poll()).toBe(0);
    const fromFour = await four.send(Uint8Array.of(1, 2, 3), new Uint8Array(0));
    const fromSix = await six.send(Uint8Array.of(4));
    expect(poller.poll()).toBe(3);
    expect(got.filter(({ tag }) => tag === 3)).toEqual([
      { tag: 3, from: "127.0.0.1", ipv4: 0x7f000001, port: fromFour, bytes: Uint8Array.of(1, 2, 3) },
      { tag: 3, from: "127.0.0.1", ipv4: 0x7f000001, port: fromFour, bytes: new Uint8Array(0) },
    ]);
    expect(got.filter(({ tag }) => tag === 70)).toEqual([
      { tag: 70, from: "::1", ipv4: -1, port: fromSix, bytes: Uint8Array.of(4) },
    ]);
    expect(poller.poll()).toBe(0);
  });

  it("delivers the longest datagram whole, and every one of a row in its order", async () => {
    open();
    const { fd, send } = await target("127.0.0.1");
    poller.add(1, fd, () => fd);
    await send(new Uint8Array(65_507).fill(7));
    poller.poll();
    expect(got[0]?.bytes).toEqual(new Uint8Array(65_507).fill(7));
    got.length = 0;
    await send(...Array.from({ length: 100 }, (_, i) => Uint8Array.of(i)));
    while (poller.poll() > 0);
    expect(got.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("leaves the rest of a flood for later, so that other sockets have their turn", async () => {
    open();
    const [flooded, other] = [await target("127.0.0.1"), await target("127.0.0.1")];
    poller.add(1, flooded.fd, () => flooded.fd);
    poller.add(2, other.fd, () => other.fd);
    await flooded.send(...Array.from({ length: MOST + 50 }, () => Uint8Array.of(1)));
    await other.send(Uint8Array.of(2));
    poller.poll();
    expect(got.filter(({ tag }) => tag === 1).length).toBe(MOST);
    expect(got.filter(({ tag }) => tag === 2).length).toBe(1);
    while (poller.poll() > 0);
    expect(got.length).toBe(MOST + 51);
  });

  it("doesn't read a socket that was removed, nor one that is paused", async () => {
    open();
    const [removed, paused] = [await target("127.0.0.1"), await target("127.0.0.1")];
    poller.add(1, removed.fd, () => removed.fd);
    poller.add(2, paused.fd, () => undefined);
    poller.remove(1);
    await removed.send(Uint8Array.of(1));
    await paused.send(Uint8Array.of(2));
    expect(poller.poll()).toBe(0);
    expect(got).toEqual([]);
  });
});

describe("a poller that fails", () => {
  it("isn't there at all where its calls are missing or refused: the runtime reads alone", () => {
    expect(createPoller(() => {}, { ffi: { ...libc.ffi, load: () => undefined } })).toBeUndefined();
    expect(createPoller(() => {}, { ffi: failing({ epoll_create1: () => -1 }) })).toBeUndefined();
  });

  it("leaves a socket that it can't watch to the runtime, and reads the others", async () => {
    let refusals = 0;
    const { epoll_ctl } = libc.ffi.load("libc.so.6", {
      epoll_ctl: { args: ["i32", "i32", "i32", "pointer"], returns: "i32" },
    })!;
    const ffi = failing({ epoll_ctl: (...args: never[]) => (refusals++ === 0 ? -1 : epoll_ctl(...args)) });
    open(ffi);
    const [refused, watched] = [await target("127.0.0.1"), await target("127.0.0.1")];
    poller.add(1, refused.fd, () => refused.fd);
    poller.add(2, watched.fd, () => watched.fd);
    await refused.send(Uint8Array.of(1));
    await watched.send(Uint8Array.of(2));
    expect(poller.poll()).toBe(1);
    expect(got).toMatchObject([{ tag: 2 }]);
  });

  it("finds nothing, again and again, and goes on once it can", async () => {
    for (const call of ["epoll_wait", "recvmmsg"]) {
      let isBroken = true;
      const real = libc.ffi.load("libc.so.6", {
        epoll_wait: { args: ["i32", "pointer", "i32", "i32"], returns: "i32" },
        recvmmsg: { args: ["i32", "pointer", "u32", "i32", "pointer"], returns: "i32" },
      })! as unknown as Record<string, (...args: never[]) => number>;
      open(failing({ [call]: (...args: never[]) => (isBroken ? -1 : real[call]!(...args)) }));
      const { fd, send } = await target("127.0.0.1");
      poller.add(1, fd, () => fd);
      await send(Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3));
      for (let i = 0; i < 5; i++) expect(poller.poll()).toBe(0);
      isBroken = false;
      while (poller.poll() > 0);
      expect(got.splice(0).map(({ bytes }) => bytes[0])).toEqual([1, 2, 3]);
      poller.close();
    }
  });
});

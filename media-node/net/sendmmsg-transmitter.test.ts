import { describe, expect, it } from "vitest";
import { allocatePinned } from "../native/ffi.ts";
import { createUdpCounters } from "./counters.ts";
import { Errno } from "./linux-libc.ts";
import { createPathTable } from "./path-table.ts";
import { addDatagram, createRuns } from "./runs.ts";
import { createSendmmsgTransmitter, MAX_MESSAGES } from "./sendmmsg-transmitter.ts";
import { SOCKADDR_SIZE } from "./sockaddr.ts";
import { createFakeLibc, type SentMessage } from "./testing/fake-libc.ts";
import type { UdpDatagrams, UdpSocket } from "./udp-socket.ts";

function setUp(refuse: (message: SentMessage) => number = () => 0) {
  const fake = createFakeLibc(refuse);
  const slabMemory = allocatePinned(fake.libc.ffi, 64 * 1024);
  const sockaddrMemory = allocatePinned(fake.libc.ffi, 64 * SOCKADDR_SIZE);
  const byRuntime: UdpDatagrams = [];
  const socket = (family: 4 | 6, fd: number): UdpSocket => ({
    local: { address: "", port: 1, family },
    fd,
    buffers: { receiveBytes: 0, sendBytes: 0 },
    sendMany(datagrams) {
      byRuntime.push(...datagrams);
      return datagrams.length / 3;
    },
    pause() {},
    resume() {},
    close: async () => {},
  });
  const sockets = [socket(4, 40), socket(6, 60)];
  const paths = createPathTable({
    capacity: 64,
    transientLimit: 64,
    sockaddrs: sockaddrMemory.bytes,
    families: [4, 6],
    beforeReuse() {},
  });
  const counters = createUdpCounters();
  const runs = createRuns(MAX_MESSAGES);
  const { transmit } = createSendmmsgTransmitter({
    libc: fake.libc,
    slab: slabMemory.bytes,
    slabMemory,
    sockaddrMemory,
    paths,
    sockets,
    counters,
  });
  let cursor = 0;
  return {
    fake,
    paths,
    counters,
    byRuntime,
    /** Writes a datagram of `length` bytes of `fill` behind the last one. */
    add(path: number, length: number, fill = path) {
      slabMemory.bytes.fill(fill, cursor, cursor + length);
      expect(addDatagram(runs, path, cursor, length, paths.refusesRuns[path] === 0)).toBe(true);
      cursor += length;
    },
    transmit() {
      transmit(runs);
      runs.count = 0;
      cursor = 0;
    },
    shape: () => fake.sent.map(({ host, data, segmentSize }) => [host, data.length, segmentSize ?? 0]),
  };
}

const host = (last: number) => `192.0.2.${last}`;

describe("runs", () => {
  it("join datagrams of one size to one path, and close at a shorter one", () => {
    const { add, paths, transmit, shape, fake, counters } = setUp();
    const [a, b] = [paths.of(host(1), 5), paths.of(host(2), 5)];
    for (const length of [100, 100, 60, 100, 101]) add(a, length);
    add(b, 100);
    add(a, 100);
    transmit();
    expect(shape()).toEqual([
      [1, 260, 100],
      [1, 100, 0],
      [1, 101, 0],
      [2, 100, 0],
      [1, 100, 0],
    ]);
    expect(fake.calls).toBe(1);
    expect(counters).toMatchObject({ sent: 7, messages: 5 });
  });

  it("hold at most 64 segments", () => {
    const { add, paths, transmit, shape } = setUp();
    const path = paths.of(host(1), 5);
    for (let i = 0; i < 70; i++) add(path, 10);
    transmit();
    expect(shape()).toEqual([
      [1, 640, 10],
      [1, 60, 10],
    ]);
  });

  it("go through the socket of their family with the path's address and bytes", () => {
    const { add, paths, transmit, fake } = setUp();
    add(paths.of("2001:db8::7", 0x1234), 30, 0xaa);
    add(paths.of(host(9), 0x4321), 20, 0xbb);
    transmit();
    expect(fake.sent).toEqual([
      { fd: 40, family: 2, port: 0x4321, host: 9, data: new Uint8Array(20).fill(0xbb), segmentSize: undefined },
      { fd: 60, family: 10, port: 0x1234, host: 7, data: new Uint8Array(30).fill(0xaa), segmentSize: undefined },
    ]);
  });
});

describe("failures", () => {
  it("of one destination don't keep the others waiting", () => {
    const { add, paths, transmit, shape, counters } = setUp(message => (message.host % 2 === 0 ? 101 : 0));
    for (let i = 1; i <= 6; i++) add(paths.of(host(i), 5), 50);
    transmit();
    expect(shape().map(([to]) => to)).toEqual([1, 3, 5]);
    expect(counters).toMatchObject({ sent: 3, refused: 3, dropped: 0 });
  });

  it("of a full buffer drop the rest, counted, without trying again", () => {
    let room = 2;
    const { add, paths, transmit, fake, counters } = setUp(() => (room-- > 0 ? 0 : Errno.EAGAIN));
    for (let i = 1; i <= 5; i++) {
      add(paths.of(host(i), 5), 50);
      add(paths.of(host(i), 5), 50);
    }
    transmit();
    expect(fake.calls).toBe(2);
    expect(counters).toMatchObject({ sent: 4, dropped: 6, refused: 0 });
  });

  it.each([Errno.EMSGSIZE, Errno.EINVAL, Errno.EIO])(
    "of a segmented message (%d) turn that path to single sends",
    error => {
      const { add, paths, transmit, shape, counters } = setUp(({ host: to, segmentSize }) =>
        to === 1 && segmentSize ? error : 0,
      );
      const [small, wide] = [paths.of(host(1), 5), paths.of(host(2), 5)];
      const round = () => {
        for (const path of [small, wide]) for (const length of [100, 100, 40]) add(path, length);
        transmit();
      };
      round();
      expect(shape()).toEqual([
        [1, 100, 0],
        [1, 100, 0],
        [1, 40, 0],
        [2, 240, 100],
      ]);
      expect([...paths.refusesRuns].map((refuses, path) => (refuses ? path : -1)).filter(path => path >= 0)).toEqual([
        small,
      ]);
      round();
      expect(shape().slice(4)).toEqual(shape().slice(0, 4));
      expect(counters).toMatchObject({ sent: 12, singlePaths: 1, refused: 0, dropped: 0 });
    },
  );

  it("of a single datagram that is too large are refusals of that datagram", () => {
    const { add, paths, transmit, counters } = setUp(({ data }) => (data.length > 1000 ? Errno.EMSGSIZE : 0));
    const path = paths.of(host(1), 5);
    add(path, 1200);
    transmit();
    add(path, 900);
    transmit();
    expect(counters).toMatchObject({ sent: 1, refused: 1, singlePaths: 0 });
  });
});

it("leaves addresses with a zone to the runtime", () => {
  const { add, paths, transmit, fake, byRuntime } = setUp();
  const path = paths.heard(1, "fe80::1%eth0", 99);
  add(path, 10, 3);
  add(path, 10, 4);
  transmit();
  expect(fake.sent).toEqual([]);
  expect(byRuntime).toEqual([
    new Uint8Array(10).fill(3),
    99,
    "fe80::1%eth0",
    new Uint8Array(10).fill(4),
    99,
    "fe80::1%eth0",
  ]);
});

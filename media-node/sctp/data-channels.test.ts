import { describe, expect, it } from "vitest";
import { BEGIN, END, encodeData } from "./chunks.ts";
import { Ppid } from "./dcep.ts";
import { createPair, encodeOpen, type Pair } from "./testing/pair.ts";
import { createRawPeer } from "./testing/raw-peer.ts";

describe("opening", () => {
  it("from both sides at once makes one association", () => {
    const pair = createPair().connect();
    expect(pair.link.now).toBe(60);
    pair.settle();
    for (const { heard } of pair.ends) expect(heard).toEqual([{ open: 0 }]);
  });

  it("from one side only is enough", () => {
    const pair = createPair();
    pair.ends[0].channels.connect(0);
    pair.settle();
    for (const { heard } of pair.ends) expect(heard).toEqual([{ open: 0 }]);
  });

  it("carries what was queued before in its first packet: one and a half round trips", () => {
    const pair = createPair();
    const { channels } = pair.ends[0];
    expect(channels.send(0, "first", 0)).toBe(true);
    channels.connect(0);
    pair.run(() => pair.ends[1].messages(0).length > 0);
    expect(pair.link.now).toBe(60);
    pair.settle();
    expect(pair.ends[1].messages(0)).toEqual(["first"]);
    expect(channels.bufferedBytes).toBe(0);
  });

  it("gives up when nobody answers", () => {
    const pair = createPair({ link: { loss: 1 } });
    pair.ends[0].channels.connect(0);
    pair.settle();
    expect(pair.ends[0].heard).toEqual([{ closed: "timeout" }]);
    expect(pair.link.now).toBeLessThan(30_000);
    expect(pair.ends[0].channels.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("messages", () => {
  it("keep kind and content, empty ones included, both ways", () => {
    const pair = createPair().connect();
    const messages = ["text", "", "ünïcödé 🎥", new Uint8Array(0), Uint8Array.of(0, 1, 255)];
    for (const end of pair.ends) for (const message of messages) end.channels.send(0, message, pair.link.now);
    pair.settle();
    for (const end of pair.ends) {
      expect(end.messages(0).map(message => (typeof message === "string" ? message : [...message]))).toEqual([
        "text",
        "",
        "ünïcödé 🎥",
        [],
        [0, 1, 255],
      ]);
    }
  });

  it("of 64 KiB pass, longer ones are refused at the sender", () => {
    const pair = createPair().connect();
    const big = Buffer.alloc(65_536, "tandem");
    expect(pair.ends[0].channels.send(0, big, pair.link.now)).toBe(true);
    expect(pair.ends[0].channels.send(0, Buffer.alloc(65_537), pair.link.now)).toBe(false);
    pair.settle();
    expect(Buffer.compare(pair.ends[1].messages(0)[0] as Uint8Array, big)).toBe(0);
  });

  it("to a channel that isn't there are refused", () => {
    const pair = createPair().connect();
    expect(pair.ends[0].channels.send(9, "x", pair.link.now)).toBe(false);
  });

  it("find the buffer full, and room again later", () => {
    const pair = createPair({ options: { maxBuffered: 100_000 } }).connect();
    const { channels, heard } = pair.ends[0];
    let taken = 0;
    while (channels.send(0, new Uint8Array(10_000), pair.link.now)) taken++;
    expect(taken).toBe(10);
    expect(channels.bufferedBytes).toBe(100_000);
    pair.run(() => heard.some(event => "writable" in event));
    expect(channels.bufferedBytes).toBeLessThanOrEqual(50_000);
    expect(channels.send(0, "again", pair.link.now)).toBe(true);
    pair.settle();
    expect(heard.filter(event => "writable" in event).length).toBe(1);
    expect(pair.ends[1].messages(0).length).toBe(11);
  });

  it("are acknowledged at once when nothing follows them", () => {
    const pair = createPair().connect();
    pair.settle();
    const start = pair.link.now;
    pair.ends[0].channels.send(0, "x", start);
    pair.run(() => pair.ends[0].channels.bufferedBytes === 0);
    expect(pair.link.now - start).toBe(40);
  });

  it("stop with the association when the peer has vanished", () => {
    const pair = createPair().connect();
    const lonely = pair.ends[0].channels;
    let now = pair.link.now;
    lonely.send(0, "anybody?", now);
    while (lonely.nextTimeout() < Number.POSITIVE_INFINITY) {
      now = lonely.nextTimeout();
      lonely.tick(now);
    }
    expect(pair.ends[0].heard.at(-1)).toEqual({ closed: "timeout" });
    expect(now).toBeLessThan(60_000);
    expect(lonely.send(0, "x", now)).toBe(false);
  });
});

describe("channels that the peer opens", () => {
  const open = { flags: BEGIN | END, tsn: 0xfffffff0, stream: 4, ssn: 0, ppid: Ppid.dcep };

  it("are offered with label, protocol and reliability, and carry messages when accepted", () => {
    const peer = createRawPeer();
    const requests: unknown[] = [];
    const payload = encodeOpen({ type: 0x81, limit: 3, label: "chät", protocol: "v1" });
    const listening = createRawPeer({
      listener: {
        onOpen: channel => requests.push(channel),
        onRequest: () => true,
        onMessage: () => {},
        onChannelClosed: () => {},
        onWritable: () => {},
        onClosed: () => {},
      },
    });
    requests.length = 0;
    listening.inject(encodeData({ ...open, payload }));
    const parameters = { label: "chät", protocol: "v1", ordered: false, maxRetransmits: 3 };
    expect(requests).toEqual([{ id: 4, ...parameters, maxPacketLifeTime: Number.POSITIVE_INFINITY }]);

    peer.inject(encodeData({ ...open, payload }));
    expect(peer.heard).toEqual([["open", 4]]);
    const ack = peer.taken().find(({ type }) => type === 0)!;
    expect([...ack.value.subarray(8)]).toEqual([0, 0, 0, Ppid.dcep, 2]);
    const hello = { ...open, tsn: 0xfffffff1, ssn: 1, ppid: Ppid.string, payload: Buffer.from("hi") };
    peer.inject(encodeData(hello));
    expect(peer.heard.at(-1)).toEqual(["message", 4, "hi"]);
  });

  it("are refused by default and beyond the limit: the peer sees its stream reset", () => {
    const { listener } = {
      listener: { onOpen() {}, onMessage() {}, onChannelClosed() {}, onWritable() {}, onClosed() {} },
    };
    for (const options of [{ listener }, { maxChannels: 1 }]) {
      const peer = createRawPeer(options);
      peer.inject(encodeData({ ...open, payload: encodeOpen({}) }));
      expect(peer.channels.counters.refusedChannels).toBe(1);
      const reset = peer.taken().find(({ type }) => type === 130)!;
      expect(reset.value.readUInt16BE(0)).toBe(13);
      expect(reset.value.readUInt16BE(16)).toBe(4);
      expect(peer.channels.send(4, "x", 0)).toBe(false);
    }
  });

  it("with malformed or repeated OPEN messages change nothing", () => {
    const peer = createRawPeer();
    const payloads = [
      encodeOpen({}).subarray(0, 11),
      encodeOpen({ type: 3 }),
      Buffer.concat([encodeOpen({}), Buffer.alloc(1)]),
      Buffer.of(2),
    ];
    for (const [at, payload] of payloads.entries()) {
      peer.inject(encodeData({ ...open, tsn: 0xfffffff0 + at, ssn: at, payload }));
    }
    expect(peer.channels.counters.droppedMessages).toBe(4);
    peer.inject(encodeData({ ...open, tsn: 0xfffffff4, stream: 0, payload: encodeOpen({}) }));
    expect(peer.channels.counters.droppedMessages).toBe(5);
    expect(peer.heard).toEqual([]);
  });
});

describe("closing", () => {
  const closedIds = (pair: Pair, at: 0 | 1) =>
    pair.ends[at].heard.flatMap(event => ("channelClosed" in event ? [event.channelClosed] : []));

  it("a channel closes it at both ends, after what was queued, and leaves the rest alone", () => {
    const options = {
      negotiated: [
        { id: 0, label: "a", protocol: "" },
        { id: 7, label: "b", protocol: "" },
      ],
    };
    const pair = createPair({ options }).connect();
    pair.ends[0].channels.send(7, Buffer.alloc(60_000), pair.link.now);
    pair.ends[0].channels.closeChannel(7, pair.link.now);
    expect(pair.ends[0].channels.send(7, "late", pair.link.now)).toBe(false);
    pair.settle();
    expect(pair.ends[1].messages(7).length).toBe(1);
    expect([closedIds(pair, 0), closedIds(pair, 1)]).toEqual([[7], [7]]);
    pair.ends[1].channels.send(0, "still here", pair.link.now);
    pair.settle();
    expect(pair.ends[0].messages(0)).toEqual(["still here"]);
  });

  it("a channel from both ends at once, and at 20 % loss, closes it once at each", () => {
    for (let seed = 0; seed < 30; seed++) {
      const pair = createPair({ link: { seed, loss: 0.2, jitter: 30, duplication: 0.1 } }).connect();
      pair.ends[0].channels.send(0, Buffer.alloc(5_000), pair.link.now);
      pair.ends[0].channels.closeChannel(0, pair.link.now);
      if (seed % 2 === 0) pair.ends[1].channels.closeChannel(0, pair.link.now);
      pair.settle();
      expect([closedIds(pair, 0), closedIds(pair, 1)]).toEqual([[0], [0]]);
    }
  });

  it("a channel before the association stands just removes it", () => {
    const pair = createPair();
    pair.ends[0].channels.closeChannel(0, 0);
    expect(pair.ends[0].heard).toEqual([{ channelClosed: 0 }]);
  });

  it("the whole tells the peer and leaves no timer", () => {
    const pair = createPair().connect();
    pair.ends[0].channels.send(0, "last words", pair.link.now);
    pair.ends[0].channels.close();
    pair.ends[0].channels.close();
    expect(pair.ends[0].channels.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
    pair.settle();
    expect(pair.ends[1].heard.at(-1)).toEqual({ closed: "closed-by-peer" });
    expect(pair.ends[1].channels.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
    expect(pair.ends[0].heard).toEqual([{ open: 0 }]);
    pair.ends[0].channels.connect(pair.link.now);
    expect(pair.ends[0].channels.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  });

  it("from within any callback is allowed", () => {
    const peer = createRawPeer({
      listener: {
        onOpen() {},
        onMessage: (_, data) => {
          seen.push(data);
          peer.channels.close();
        },
        onChannelClosed() {},
        onWritable() {},
        onClosed() {},
      },
    });
    const seen: unknown[] = [];
    const chunk = { flags: BEGIN | END, stream: 0, ppid: Ppid.string, payload: Buffer.from("x") };
    peer.inject(encodeData({ ...chunk, tsn: 0xfffffff0, ssn: 0 }), encodeData({ ...chunk, tsn: 0xfffffff1, ssn: 1 }));
    expect(seen).toEqual(["x"]);
  });
});

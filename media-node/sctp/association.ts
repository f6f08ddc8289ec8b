import { createBundle } from "./bundle.ts";
import { parseData, parseForwardTsn, parseSack } from "./chunks.ts";
import { createOpening } from "./opening.ts";
import type { OutboundMessage } from "./outbound-message.ts";
import { ChunkType, type ChunkView, readPacket, writeChunk, writePacket } from "./packet.ts";
import type { Message } from "./reassembly.ts";
import { createReceiver, type Receiver } from "./receiver.ts";
import { createSender } from "./sender.ts";
import { createStreamReset, type StreamReset } from "./stream-reset.ts";

/** Why an association ended without our doing. */
export type AssociationEnd = "closed-by-peer" | "timeout" | "message-too-large";

/** Called after a packet or a timer has been dealt with, so every call back into the association is allowed. */
export interface AssociationListener {
  onEstablished(): void;
  onMessage(message: Message): void;
  /** The peer reset its streams; all of them if the list is empty. */
  onPeerReset(streams: readonly number[]): void;
  /** The peer has answered our reset. */
  onOwnReset(streams: readonly number[]): void;
  /** Comes once, and nothing after it. */
  onEnded(reason: AssociationEnd): void;
}

export interface AssociationOptions {
  /** Largest packet, in bytes: what DTLS takes. */
  readonly mtu: number;
  /** Largest message accepted, in bytes. */
  readonly maxMessageSize: number;
  /** Most payload bytes queued or unacknowledged. */
  readonly maxBuffered: number;
  send(packet: Uint8Array): void;
  readonly listener: AssociationListener;
}

/** One SCTP association over DTLS (RFC 8261). Times are in ms of one monotonic clock. */
export interface Association {
  readonly established: boolean;
  readonly bufferedBytes: number;
  /** Packets that don't parse or carry a wrong tag. */
  readonly dropped: number;
  /** Sends INIT; the peer may do so as well. */
  connect(now: number): void;
  /** Handles a packet and keeps its bytes. */
  handle(packet: Uint8Array, now: number): void;
  /** Queues a message of at least one byte. False when the buffer is full or the association over. */
  send(message: OutboundMessage, now: number): boolean;
  resetStream(stream: number, now: number): void;
  nextTimeout(): number;
  tick(now: number): void;
  /** Sends ABORT. Idempotent. */
  close(): void;
}

export function createAssociation(options: AssociationOptions): Association {
  const { listener, mtu } = options;
  const bundle = createBundle(mtu, chunks => options.send(writePacket(peerTag, chunks)));
  const events: (() => void)[] = [];
  const control: Uint8Array[] = [];
  /** Chunk types met in the packet at hand. */
  const seen = new Set<number>();
  let established = false;
  let ended = false;
  let dropped = 0;
  let clock = 0;
  let peerTag = 0;
  let receiver: Receiver | undefined;
  let streamReset: StreamReset | undefined;

  const opening = createOpening({
    sendAlone: (chunk, verificationTag) => options.send(writePacket(verificationTag, [chunk])),
    sendCookieEcho(chunk) {
      bundle.add(chunk);
      addData(false);
      bundle.ship();
    },
    onPeer(peer) {
      peerTag = peer.tag;
      receiver = createReceiver(peer.initialTsn, options.maxMessageSize, message =>
        events.push(() => listener.onMessage(message)),
      );
      streamReset = createStreamReset({
        initialTsn: opening.initialTsn,
        peerInitialTsn: peer.initialTsn,
        lastAssignedTsn: () => sender.lastAssignedTsn,
        receivedTsn: () => receiver!.cumulativeTsn,
        hasQueued: sender.hasQueued,
        onPeerReset(streams) {
          receiver!.reset(streams);
          events.push(() => listener.onPeerReset(streams));
        },
        onOwnReset(streams) {
          for (const stream of streams) sender.resetStream(stream);
          events.push(() => listener.onOwnReset(streams));
        },
      });
      sender.start(peer.window, peer.forwardTsn);
    },
    onRoundTrip: roundTrip => sender.onRoundTrip(roundTrip),
    onEstablished() {
      established = true;
      events.push(() => listener.onEstablished());
    },
    onTimeout: () => end("timeout"),
  });
  const sender = createSender(mtu, opening.initialTsn);

  function end(reason: AssociationEnd | undefined): void {
    if (ended) return;
    ended = true;
    established = false;
    events.length = 0;
    if (reason !== undefined) events.push(() => listener.onEnded(reason));
  }

  function abort(): void {
    if (!ended && peerTag !== 0) options.send(writePacket(peerTag, [writeChunk(ChunkType.abort, 0)]));
  }

  function onData(chunk: ChunkView): void {
    const data = parseData(chunk.flags, chunk.value);
    if (data === undefined || receiver!.onData(data)) return;
    abort();
    end("message-too-large");
  }

  function onSack(chunk: ChunkView): void {
    const sack = parseSack(chunk.value);
    if (sack !== undefined) sender.onSack(sack, clock);
  }

  function onForwardTsn(chunk: ChunkView): void {
    const forward = parseForwardTsn(chunk.value);
    if (forward !== undefined) receiver!.onForwardTsn(forward);
  }

  /** Chunks of an association that is open. */
  function onOpenChunk(chunk: ChunkView): void {
    // The dear ones count once in a packet; nobody honest sends two.
    const isFirst = !seen.has(chunk.type);
    seen.add(chunk.type);
    switch (chunk.type) {
      case ChunkType.data:
        onData(chunk);
        break;
      case ChunkType.sack:
        if (isFirst) onSack(chunk);
        break;
      case ChunkType.forwardTsn:
        if (isFirst) onForwardTsn(chunk);
        break;
      case ChunkType.reConfig:
        streamReset!.onReConfig(chunk.value, clock);
        break;
      case ChunkType.heartbeat:
        control.push(writeChunk(ChunkType.heartbeatAck, 0, chunk.value));
        break;
      case ChunkType.shutdown:
        options.send(writePacket(peerTag, [writeChunk(ChunkType.shutdownAck, 0)]));
        end("closed-by-peer");
    }
  }

  function onChunk(chunk: ChunkView): void {
    if (chunk.type === ChunkType.initAck) opening.onInitAck(chunk.value, clock);
    else if (chunk.type === ChunkType.cookieEcho) {
      if (opening.onCookieEcho(chunk.value)) control.push(writeChunk(ChunkType.cookieAck, 0));
    } else if (chunk.type === ChunkType.cookieAck) opening.onCookieAck(clock);
    else if (chunk.type === ChunkType.abort) end("closed-by-peer");
    else if (established) onOpenChunk(chunk);
  }

  /** Whether a packet belongs here (RFC 9260 §8.5): an INIT has tag 0, an ABORT may reflect our own. */
  function isOurs(verificationTag: number, chunks: readonly ChunkView[]): boolean {
    if (chunks.some(chunk => chunk.type === ChunkType.init)) return verificationTag === 0 && chunks.length === 1;
    const [first] = chunks;
    const reflects = first?.type === ChunkType.abort && (first.flags & 1) === 1 && peerTag !== 0;
    return verificationTag === (reflects ? peerTag : opening.localTag);
  }

  /** Fills the packet at hand with data as far as the windows allow, and packets after it if `further`. */
  function addData(further: boolean): void {
    for (;;) {
      let data = sender.next(bundle.space, clock);
      if (data === undefined && further) data = sender.next(bundle.room, clock);
      if (data === undefined) return;
      bundle.add(data);
    }
  }

  function flush(): void {
    if (!established) return;
    for (const chunk of control.splice(0)) bundle.add(chunk);
    const data = sender.next(bundle.room, clock);
    const sackDueAt = receiver!.sackDueAt;
    // An acknowledgement that waits for company travels with the first data.
    if (sackDueAt <= clock || (data !== undefined && sackDueAt < Number.POSITIVE_INFINITY)) {
      bundle.add(receiver!.takeSack());
    }
    if (data !== undefined) bundle.add(data);
    addData(true);
    const forward = sender.takeForwardTsn();
    if (forward !== undefined) bundle.add(forward);
    for (let chunk = streamReset!.take(clock); chunk !== undefined; chunk = streamReset!.take(clock)) bundle.add(chunk);
    bundle.ship();
  }

  function settle(): void {
    flush();
    for (let event = events.shift(); event !== undefined; event = events.shift()) event();
  }

  return {
    get established() {
      return established;
    },
    get bufferedBytes() {
      return sender.bufferedBytes;
    },
    get dropped() {
      return dropped;
    },
    connect(now) {
      if (ended) return;
      clock = now;
      opening.start(now);
    },
    handle(bytes, now) {
      if (ended) return;
      clock = now;
      const packet = readPacket(bytes);
      if (packet === undefined || !isOurs(packet.verificationTag, packet.chunks)) {
        dropped++;
        return;
      }
      seen.clear();
      const [first] = packet.chunks;
      if (first?.type === ChunkType.init) opening.onInit(first.value);
      else for (const chunk of packet.chunks) if (!ended) onChunk(chunk);
      if (established && (seen.has(ChunkType.data) || seen.has(ChunkType.forwardTsn))) receiver!.endOfPacket(now);
      settle();
    },
    send(message, now) {
      if (ended || sender.bufferedBytes + message.payload.length > options.maxBuffered) return false;
      clock = now;
      sender.enqueue(message);
      flush();
      return true;
    },
    resetStream(stream, now) {
      if (ended || streamReset === undefined) return;
      clock = now;
      streamReset.request(stream);
      flush();
    },
    nextTimeout() {
      if (ended) return Number.POSITIVE_INFINITY;
      if (!established) return opening.nextTimeout();
      return Math.min(sender.nextTimeout(), receiver!.sackDueAt, streamReset!.nextTimeout());
    },
    tick(now) {
      if (ended) return;
      clock = now;
      if (!established) opening.tick(now);
      else {
        sender.tick(now);
        if (!sender.alive) end("timeout");
      }
      settle();
    },
    close() {
      abort();
      end(undefined);
    },
  };
}

import type { NodeParticipant } from "../../src/protocol/index.ts";
import { createReceiverBudget } from "../congestion/receiver-budget.ts";
import type { FlushList } from "../forward/flush-list.ts";
import { createInbound, type Inbound } from "../forward/inbound.ts";
import { createOutbound, type Outbound } from "../forward/outbound.ts";
import { createRoundTrip } from "../forward/round-trip.ts";
import { createRtcpReceiver, type RtcpReceiver } from "../forward/rtcp-receiver.ts";
import { createRtcpSender, type RtcpSender } from "../forward/rtcp-sender.ts";
import type { Slot } from "../forward/slot.ts";
import { SourceClock } from "../forward/source-clock.ts";
import type { RunSink } from "../forward/writer.ts";
import type { Receiver } from "../room/receiver.ts";
import type { ReceiverListener, ReceiverSlot } from "../room/receiver-types.ts";
import type { Router } from "../room/router.ts";
import type { Wish } from "../room/video-plan.ts";
import type { OutboundSrtp } from "../srtp/outbound.ts";
import type { MediaLine } from "./description.ts";
import { inboundExtensions, slotExtensions, slotFormats } from "./formats.ts";
import { subscribeKinds } from "./grants.ts";
import { createPublications, type Publications } from "./publications.ts";
import type { Tally } from "./tally.ts";

export interface MediaPlaneOptions {
  readonly participant: NodeParticipant;
  readonly router: Router;
  readonly protector: OutboundSrtp;
  readonly runs: RunSink;
  readonly flushes: FlushList;
  readonly ssrc: number;
  readonly cname: string;
  /** Whether the peer takes reduced-size RTCP (RFC 5506) on all m-lines. */
  readonly reducedSize: boolean;
  /** Ceiling of what the peer is asked to send, in bit/s. */
  readonly maxBitrate: number;
  /** Numbers of the only sources that it may be sent; undefined for all. */
  readonly only: ReadonlySet<number> | undefined;
  /** Whether it hears the mix; undefined: what the room says. */
  readonly mixed: boolean | undefined;
  /** Takes a protected compound, valid during the call. */
  readonly sendRtcp: (bytes: Uint8Array, length: number) => void;
  readonly listener: ReceiverListener;
}

/** What a connected session sends and receives: its m-lines wired to its room's router. */
export interface MediaPlane {
  /** The m-lines as last negotiated: takes up what is new or newly granted. */
  apply(lines: readonly MediaLine[], now: number): void;
  /** The participant as it is now: what it publishes, what it may do. */
  update(participant: NodeParticipant, now: number): void;
  setWishes(wishes: readonly Wish[] | undefined, now: number): void;
  /** Whether it hears the mix from now on; undefined: what the room says. */
  setMixed(mixed: boolean | undefined): void;
  setPath(path: number): void;
  receiveRtp(bytes: Buffer, offset: number, length: number, now: number): void;
  receiveRtcp(bytes: Uint8Array, offset: number, length: number, now: number): void;
  /** When {@link tick} has something to do; what is sent meanwhile only puts it off. */
  readonly deadline: number;
  tick(now: number): void;
  /** Adds what was counted. */
  count(tally: Tally): void;
  close(now: number): void;
}

/** How often (ms) it is looked at what viewers can take. */
const CEILING_INTERVAL = 250;
/** A participant's number of slots stays below this; more m-lines stay empty. */
const MAX_SLOTS = 128;

export function createMediaPlane(options: MediaPlaneOptions): MediaPlane {
  const { router, protector, maxBitrate } = options;
  const inbound: Inbound = createInbound(inboundExtensions([]));
  const roundTrip = createRoundTrip();
  const budget = createReceiverBudget();
  const outbound: Outbound = createOutbound({
    protector,
    runs: options.runs,
    flushes: options.flushes,
    onReportDue: now => sender.flushDue(now),
  });
  const sender: RtcpSender = createRtcpSender({
    sink: {
      sendRtcp(buffer, length) {
        const protectedLength = protector.protectRtcp(buffer, 0, length);
        if (protectedLength > 0) options.sendRtcp(buffer, protectedLength);
      },
    },
    ssrc: options.ssrc,
    cname: options.cname,
    reducedSize: options.reducedSize,
    inbound,
    outbound,
  });
  const rtcp: RtcpReceiver = createRtcpReceiver({
    inbound,
    outbound,
    roundTrip,
    // Firefox offers it for video only, aiortc nowhere, and both send lone PLIs.
    reducedSize: true,
    path: budget,
    // The room says what is published; a stream that ended just doesn't flow.
    onBye() {},
  });
  const publications: Publications = createPublications({
    router,
    inbound,
    clock: new SourceClock(),
    roundTrip,
    feedback: sender,
  });
  const slots = new Map<number, Slot>();
  let { participant } = options;
  let receiver: Receiver | undefined;
  let bandwidth = 0;
  let nextCeiling = Number.NEGATIVE_INFINITY;
  let closed = false;

  function addSlot(line: MediaLine): Slot | undefined {
    const { negotiated, identity } = line;
    if (identity === undefined || slots.size >= MAX_SLOTS) return undefined;
    const slot = outbound.addSlot({
      media: negotiated.kind === "audio" ? "audio" : "video",
      ssrc: identity.ssrc,
      rtxSsrc: negotiated.codecs.some(({ rtxPayloadType }) => rtxPayloadType >= 0) ? identity.rtxSsrc : 0,
      formats: slotFormats(negotiated),
      extensions: slotExtensions(negotiated),
      firstSequence: identity.firstSequence,
      firstRtxSequence: identity.firstRtxSequence,
      firstTimestamp: identity.firstTimestamp,
    });
    slots.set(negotiated.index, slot);
    return slot;
  }

  function applySlots(lines: readonly MediaLine[], now: number): void {
    const fresh: ReceiverSlot[] = [];
    for (const line of lines) {
      const role = line.role?.slot;
      if (!line.sends || role === undefined || slots.has(line.negotiated.index)) continue;
      const sink = addSlot(line);
      if (sink === undefined) continue;
      const video = lines.find(
        ({ role }) => role?.slot?.group === "video" && role.slot.order === line.role?.slot?.order,
      );
      const paired = role.group === "paired" && video !== undefined ? { pairedWith: video.negotiated.index } : {};
      fresh.push({ slot: line.negotiated.index, sink, ...paired });
    }
    if (receiver !== undefined) receiver.addSlots(fresh, now);
    else {
      const { listener, only, mixed } = options;
      const kinds = subscribeKinds(participant);
      const { number } = participant;
      receiver = router.addReceiver({ participant: number, slots: fresh, kinds, only, mixed, listener, budget }, now);
    }
  }

  return {
    apply(lines, now) {
      inbound.setExtensions(inboundExtensions(lines.map(({ negotiated }) => negotiated)));
      publications.apply(lines, participant, now);
      applySlots(lines, now);
    },
    update(next, now) {
      participant = next;
      publications.update(participant, now);
      receiver?.setKinds(subscribeKinds(participant), now);
    },
    setWishes: (wishes, now) => receiver?.setWishes(wishes, now),
    setMixed: mixed => receiver?.setMixed(mixed),
    setPath(path) {
      outbound.writer.path = path;
    },
    receiveRtp(bytes, offset, length, now) {
      inbound.receive(bytes, offset, length, now);
    },
    receiveRtcp(bytes, offset, length, now) {
      rtcp.receive(bytes, offset, length, now);
    },
    get deadline() {
      return sender.deadline;
    },
    tick(now) {
      const before = budget.bitsPerSecond;
      budget.tick(outbound.writer.bytes, now);
      if (budget.bitsPerSecond !== before) receiver?.refresh(now);
      if (inbound.layers.length > 0 && now >= nextCeiling) {
        nextCeiling = now + CEILING_INTERVAL;
        bandwidth = Math.min(maxBitrate, router.publishCeiling(participant.number));
      }
      sender.tick(bandwidth, now);
    },
    count(tally) {
      tally.add("rtp", inbound.dropped);
      tally.add("rtcp", { malformed: rtcp.malformed });
      const { packets, bytes, resent, dropped } = outbound.writer;
      tally.add("sent", { packets, bytes, resent, dropped });
    },
    close(now) {
      if (closed) return;
      closed = true;
      if (receiver !== undefined) router.removeReceiver(receiver, now);
      publications.close(now);
      outbound.close(now);
    },
  };
}

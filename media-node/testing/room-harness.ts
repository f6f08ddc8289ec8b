import { CODECS } from "../codec/codecs.ts";
import { createFlushList } from "../forward/flush-list.ts";
import { createInbound, type Inbound } from "../forward/inbound.ts";
import { createOutbound, type Outbound } from "../forward/outbound.ts";
import { createRoundTrip, type RoundTrip } from "../forward/round-trip.ts";
import { createRtcpReceiver } from "../forward/rtcp-receiver.ts";
import { createRtcpSender, type RtcpSender } from "../forward/rtcp-sender.ts";
import type { Slot } from "../forward/slot.ts";
import { SourceClock } from "../forward/source-clock.ts";
import type { Receiver } from "../room/receiver.ts";
import type { SlotChange } from "../room/receiver-types.ts";
import { createRouter, type Router } from "../room/router.ts";
import { createSource, SOURCE_KINDS, SOURCES_PER_PARTICIPANT, type Source } from "../room/source.ts";
import { createExtensionMap } from "../rtp/header-extensions.ts";
import { createModelPublisher, MODEL, type ModelPublisher, type ModelStreamOptions } from "./model-publisher.ts";
import { createModelReceiver, type ModelReceiver } from "./model-receiver.ts";
import type { Link, LinkOptions, Netsim } from "./netsim.ts";
import { createTestProtector, createTestRunSink } from "./sending-kit.ts";

/** How one participant of a {@link RoomHarness} is made. */
export interface GuestOptions {
  readonly participant: number;
  readonly uplink?: LinkOptions;
  readonly downlink?: LinkOptions;
  /** Frames per second of its camera; 0 for none. Default 25. */
  readonly fps?: number;
  /** Camera layers, default 1. */
  readonly layers?: number;
  readonly narrow?: boolean;
  /** Default true. */
  readonly mic?: boolean;
  /** Paired pairs of an audio and a video slot, and floating audio slots; default none. */
  readonly pairs?: number;
  readonly floating?: number;
  /** Whether its slots have RTX, default true. */
  readonly rtx?: boolean;
  /** Whether it asks for lost packets, default true. */
  readonly asksAgain?: boolean;
  readonly clockOffset?: number;
  /** What the node thinks its downlink takes. */
  readonly budget?: { readonly bitsPerSecond: number };
}

/** One participant: a model peer, its links, and the node's half of its session. */
export interface Guest {
  readonly participant: number;
  readonly sources: readonly Source[];
  readonly publisher: ModelPublisher;
  readonly modelReceiver: ModelReceiver;
  readonly receiver: Receiver;
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  readonly rtcp: RtcpSender;
  readonly roundTrip: RoundTrip;
  readonly slots: readonly Slot[];
  readonly uplink: Link;
  readonly downlink: Link;
  /** What its client was told. */
  readonly changes: SlotChange[];
  readonly speakers: (readonly number[])[];
  leave(): void;
}

/** Sees all that passes. */
export interface HarnessObserver {
  /** An RTP packet of a guest's reached the node. */
  arrived?(guest: Guest, packet: Buffer, accepted: boolean): void;
  /** An RTP or RTCP packet left the node for a guest. */
  sent?(guest: Guest, packet: Buffer): void;
  reported?(guest: Guest, packet: Buffer): void;
  changed?(guest: Guest, change: SlotChange): void;
  left?(guest: Guest): void;
}

/** A room with its router in virtual time: everything of the node but sockets, DTLS and SRTP. */
export interface RoomHarness {
  readonly router: Router;
  join(options: GuestOptions): Guest;
}

export function createRoomHarness(sim: Netsim, observer: HarnessObserver = {}): RoomHarness {
  const router = createRouter();
  const flushes = createFlushList();
  const guests: Guest[] = [];
  let nextSsrc = 1_000;

  const runs = createTestRunSink((path, packet) => {
    const guest = guests[path]!;
    observer.sent?.(guest, packet);
    guest.downlink.send(packet);
  });

  sim.every(20, () => {
    router.tick(sim.now);
    for (const guest of guests) guest.rtcp.tick(4_000_000, sim.now);
    flushes.flush(sim.now);
  });

  function join(options: GuestOptions): Guest {
    const path = guests.length;
    const { participant, fps = 25, layers = 1, mic = true, pairs = 0, floating = 0, rtx = true } = options;
    const ids = { mid: MODEL.mid, rid: MODEL.rid, repairedRid: MODEL.repairedRid, audioLevel: MODEL.audioLevel };
    const inbound = createInbound(createExtensionMap(ids));
    const roundTrip = createRoundTrip();
    let rtcp: RtcpSender | undefined;
    const outbound = createOutbound({
      protector: createTestProtector(),
      runs,
      flushes,
      onReportDue: now => rtcp?.flushDue(now),
    });
    outbound.writer.path = path;
    rtcp = createRtcpSender({
      sink: {
        sendRtcp: (buffer, length) => {
          const packet = Buffer.from(buffer.subarray(0, length));
          observer.reported?.(guest, packet);
          downlink.send(packet);
        },
      },
      ssrc: 1,
      cname: "node",
      reducedSize: true,
      inbound,
      outbound,
    });
    const rtcpReceiver = createRtcpReceiver({
      inbound,
      outbound,
      roundTrip,
      path: { remb: () => {}, loss: () => {} },
      reducedSize: true,
      onBye: () => {},
    });

    const streams: ModelStreamOptions[] = [];
    const sources: Source[] = [];
    const shared = { clock: new SourceClock(), roundTrip, feedback: rtcp };
    const first = participant * SOURCES_PER_PARTICIPANT;
    if (mic) {
      sources.push(createSource({ number: first, kind: "mic", codec: CODECS.opus, ...shared }));
      const formats = [{ kind: "media", payloadType: MODEL.opus, codec: CODECS.opus } as const];
      inbound.addMedia({ mid: "0", formats, layers: sources.at(-1)!.layers });
      streams.push({ ...stream(first, "0", "", 0), media: "audio", fps: 50, packetsPerFrame: 1 });
    }
    if (fps > 0) {
      const rids = layers === 1 ? [""] : ["q", "h", "f"].slice(0, layers);
      sources.push(createSource({ number: first + 1, kind: "camera", codec: CODECS.vp8, rids, ...shared }));
      const formats = [
        { kind: "media", payloadType: MODEL.vp8, codec: CODECS.vp8 },
        { kind: "rtx", payloadType: MODEL.vp8Rtx, associated: MODEL.vp8 },
      ] as const;
      inbound.addMedia({ mid: "1", formats, layers: sources.at(-1)!.layers });
      for (const [layer, rid] of rids.entries()) {
        const narrow = options.narrow ?? false;
        streams.push({
          ...stream(first + 1, "1", rid, layer),
          media: "video",
          fps,
          packetsPerFrame: 2 + 2 * layer,
          narrow,
        });
      }
    }

    const slots: Slot[] = [];
    const receiverSlots: { slot: number; sink: Slot; pairedWith?: number }[] = [];
    const rtxSsrcs = new Map<number, number>();
    for (let i = 0; i < pairs; i++) {
      const video = addSlot("video");
      receiverSlots.push({ slot: slots.length - 1, sink: video });
      receiverSlots.push({ slot: slots.length, sink: addSlot("audio"), pairedWith: slots.length - 2 });
    }
    for (let i = 0; i < floating; i++) receiverSlots.push({ slot: slots.length, sink: addSlot("audio") });

    function addSlot(media: "audio" | "video"): Slot {
      const ssrc = nextSsrc++;
      const rtxSsrc = media === "video" && rtx ? nextSsrc++ : 0;
      if (rtxSsrc !== 0) rtxSsrcs.set(rtxSsrc, ssrc);
      const slot = outbound.addSlot({
        media,
        ssrc,
        rtxSsrc,
        formats:
          media === "audio"
            ? [{ codec: "opus", payloadType: MODEL.opus }]
            : [{ codec: "vp8", payloadType: MODEL.vp8, rtxPayloadType: MODEL.vp8Rtx }],
        extensions: media === "audio" ? { audioLevel: MODEL.audioLevel } : {},
        firstSequence: sim.random.integer(0, 0x7fff),
        firstRtxSequence: sim.random.integer(0, 0xffff),
        firstTimestamp: sim.random.integer(0, 0xffff_ffff),
      });
      slots.push(slot);
      return slot;
    }

    const modelReceiver = createModelReceiver(sim, {
      rtx: rtxSsrcs,
      asksAgain: options.asksAgain ?? true,
      sendRtcp: packet => uplink.send(packet),
    });
    const uplink = sim.link(options.uplink ?? {}, packet => {
      if (packet[1]! >= 192 && packet[1]! <= 223) rtcpReceiver.receive(packet, 0, packet.length, sim.now);
      else {
        const original = observer.arrived === undefined ? packet : Buffer.from(packet);
        const accepted = inbound.receive(packet, 0, packet.length, sim.now);
        observer.arrived?.(guest, original, accepted);
      }
      flushes.flush(sim.now);
    });
    const downlink = sim.link(options.downlink ?? {}, packet => {
      if (packet[1]! < 192 || packet[1]! > 223) return modelReceiver.receiveRtp(packet);
      publisher.receiveRtcp(packet);
      modelReceiver.receiveRtcp(packet);
    });
    const publisher = createModelPublisher(sim, {
      streams,
      clockOffset: options.clockOffset ?? 0,
      sendRtp: packet => uplink.send(packet),
      sendRtcp: packet => uplink.send(packet),
    });
    const changes: SlotChange[] = [];
    const speakers: (readonly number[])[] = [];
    const listener = {
      slotChanged(change: SlotChange) {
        changes.push(change);
        observer.changed?.(guest, change);
      },
      speakersChanged: (now: readonly number[]) => speakers.push(now),
    };
    const guest: Guest = {
      participant,
      sources,
      publisher,
      modelReceiver,
      get receiver() {
        return receiver;
      },
      inbound,
      outbound,
      rtcp,
      roundTrip,
      slots,
      uplink,
      downlink,
      changes,
      speakers,
      leave() {
        publisher.stop();
        modelReceiver.stop();
        router.removeReceiver(receiver, sim.now);
        for (const source of sources) router.removeSource(source, sim.now);
        outbound.close(sim.now);
        observer.left?.(guest);
      },
    };
    guests.push(guest);
    const receiver = router.addReceiver(
      {
        participant,
        slots: receiverSlots,
        kinds: new Set(SOURCE_KINDS),
        listener,
        ...(options.budget === undefined ? {} : { budget: options.budget }),
      },
      sim.now,
    );
    for (const source of sources) router.addSource(source, sim.now);
    return guest;
  }

  function stream(source: number, mid: string, rid: string, layer: number) {
    return { source, mid, rid, layer, ssrc: nextSsrc++, rtxSsrc: nextSsrc++ };
  }

  return { router, join };
}

import { createRtcpPacket, nextRtcp, RTCP } from "../rtp/rtcp-packet.ts";
import { createSenderInfo, readSenderInfo } from "../rtp/rtcp-reports.ts";
import { createRtpHeader, readRtp } from "../rtp/rtp-header.ts";
import { extendSequence, timestampDelta } from "../rtp/sequence.ts";
import { type Content, readOpus, readVp8, type Vp8Numbers } from "./model-packets.ts";
import type { ModelStream } from "./model-publisher.ts";
import type { Netsim } from "./netsim.ts";
import type { Guest, HarnessObserver } from "./room-harness.ts";

/** One packet of a slot as it left the node for the first time. */
interface Sent {
  readonly number: number;
  readonly timestamp: number;
  readonly csrc: number;
  readonly time: number;
  readonly payload: Buffer;
  /** Undefined for padding that fills a number kept for it. */
  readonly content: (Content & Partial<Vp8Numbers>) | undefined;
  /** Whether the slot was interrupted or given to another source before it. */
  readonly begins: boolean;
}

interface SlotLog {
  readonly media: "audio" | "video";
  readonly sent: Map<number, Sent>;
  newest: number;
  told: { source: number; state: string };
  beginsNext: boolean;
  /** When it was taken from its source. */
  readonly interruptions: number[];
  rtxNext: number;
}

/** What came in of one layer: extended numbers that a sink may have been given. */
interface Arrivals {
  readonly stream: ModelStream;
  newest: number;
  /** And when they came. */
  readonly media: Map<number, number>;
  /** Padding that was the newest when it came: it has no number outside. */
  readonly skipped: Set<number>;
}

/** Collects what breaks the number rules (DESIGN "Numbers") while a room runs. */
export interface NumberRules extends HarnessObserver {
  /** Looks at everything that was sent. @returns each broken rule, in words; none when all is well. */
  violations(): string[];
  /** How many packets and switches were looked at: a run that saw none proves nothing. */
  readonly seen: { packets: number; switches: number; gaps: number; resent: number; reports: number };
}

const header = createRtpHeader();

export function createNumberRules(sim: Netsim): NumberRules {
  const logs = new Map<string, SlotLog>();
  const arrivals = new Map<string, Arrivals>();
  const problems: string[] = [];
  const seen = { packets: 0, switches: 0, gaps: 0, resent: 0, reports: 0 };
  const packet = createRtcpPacket();
  const sender = createSenderInfo();

  function logOf(guest: Guest, slot: number): SlotLog {
    const key = `${guest.participant}/${slot}`;
    let log = logs.get(key);
    if (log === undefined) {
      const { media } = guest.slots[slot]!;
      const told = { source: 0, state: "empty" };
      log = { media, sent: new Map(), newest: -1, told, beginsNext: true, interruptions: [], rtxNext: -1 };
      logs.set(key, log);
    }
    return log;
  }

  function noteSent(guest: Guest, bytes: Buffer): void {
    if (!readRtp(bytes, 0, bytes.length, header)) {
      problems.push("malformed RTP left the node");
      return;
    }
    const slot = guest.slots.findIndex(({ ssrc, rtxSsrc }) => ssrc === header.ssrc || rtxSsrc === header.ssrc);
    const name = `guest ${guest.participant} slot ${slot}`;
    const log = logOf(guest, slot);
    const payload = bytes.subarray(header.payloadOffset, header.payloadOffset + header.payloadLength);
    if (header.ssrc === guest.slots[slot]!.rtxSsrc) {
      noteResent(name, log, payload);
      return;
    }
    const number = log.newest < 0 ? header.sequence + 0x1_0000 : extendSequence(header.sequence, log.newest);
    const before = log.sent.get(number);
    if (before !== undefined) {
      seen.resent++;
      if (guest.slots[slot]!.rtxSsrc !== 0) problems.push(`${name}: ${number} sent twice on the media SSRC`);
      if (!before.payload.equals(payload)) problems.push(`${name}: ${number} sent again with other content`);
      return;
    }
    seen.packets++;
    const csrc = bytes.readUInt32BE(12);
    const content = payload.length === 0 ? undefined : log.media === "audio" ? readOpus(payload) : readVp8(payload);
    const begins = log.beginsNext;
    const { timestamp } = header;
    log.sent.set(number, { number, timestamp, csrc, time: sim.now, payload, content, begins });
    if (number <= log.newest) return;
    log.newest = number;
    log.beginsNext = false;
    if (log.told.state !== "live" || log.told.source !== csrc) {
      problems.push(`${name}: ${number} is of ${csrc}, told was ${log.told.source} ${log.told.state}`);
    }
  }

  function noteResent(name: string, log: SlotLog, payload: Buffer): void {
    seen.resent++;
    if (log.rtxNext >= 0 && header.sequence !== log.rtxNext) problems.push(`${name}: RTX numbers have a gap`);
    log.rtxNext = (header.sequence + 1) & 0xffff;
    const number = extendSequence(payload.readUInt16BE(0), log.newest);
    const before = log.sent.get(number);
    if (before === undefined) problems.push(`${name}: RTX of ${number}, which was never sent`);
    else if (!before.payload.equals(payload.subarray(2))) problems.push(`${name}: RTX of ${number} has other content`);
    else if (before.timestamp !== header.timestamp) problems.push(`${name}: RTX of ${number} has another timestamp`);
  }

  function noteReport(guest: Guest, bytes: Buffer): void {
    for (let position = 0; position < bytes.length; ) {
      position = nextRtcp(bytes, position, bytes.length, packet);
      if (packet.type !== RTCP.senderReport || !readSenderInfo(bytes, packet, sender)) continue;
      const slot = guest.slots.findIndex(({ ssrc }) => ssrc === sender.ssrc);
      const log = logOf(guest, slot);
      const last = log.sent.get(log.newest);
      if (last?.content === undefined || log.beginsNext) continue;
      // A report that left before the timeline broke may arrive after: until the next one it can't be right.
      const { stream } = arrivals.get(keyOf(last.content))!;
      if (sim.now - stream.leapedAt < 1_200) continue;
      seen.reports++;
      const rate = log.media === "audio" ? 48 : 90;
      const captured = sim.now + timestampDelta(last.timestamp, sender.rtpTimestamp) / rate;
      const delay = captured - last.content.captured;
      const name = `guest ${guest.participant} slot ${slot}`;
      if (delay < -3 || delay > 150) problems.push(`${name}: report says captured ${delay.toFixed(1)} ms late`);
    }
  }

  function arrivalsOf(stream: ModelStream): Arrivals {
    const key = keyOf(stream.options);
    let found = arrivals.get(key);
    if (found === undefined) {
      found = { stream, newest: -1, media: new Map(), skipped: new Set() };
      arrivals.set(key, found);
    }
    return found;
  }

  function noteArrived(guest: Guest, bytes: Buffer, accepted: boolean): void {
    if (!accepted || !readRtp(bytes, 0, bytes.length, header)) return;
    const stream = guest.publisher.streams.find(
      ({ options }) => options.ssrc === header.ssrc || options.rtxSsrc === header.ssrc,
    );
    if (stream === undefined) return;
    const came = arrivalsOf(stream);
    const isRtx = header.ssrc === stream.options.rtxSsrc;
    const sequence = isRtx ? bytes.readUInt16BE(header.payloadOffset) : header.sequence;
    const index = extendSequence(sequence, stream.next);
    const empty = header.payloadLength === (isRtx ? 2 : 0);
    if (index > came.newest) {
      came.newest = index;
      if (empty) came.skipped.add(index);
    }
    if (!empty && !came.media.has(index)) came.media.set(index, sim.now);
  }

  return {
    seen,
    arrived: noteArrived,
    sent: noteSent,
    reported: noteReport,
    changed(guest, change) {
      const log = logOf(guest, change.slot);
      if (change.state !== "live" || change.source !== log.told.source) {
        log.beginsNext = true;
        log.interruptions.push(sim.now);
      }
      log.told = change;
    },
    left(guest) {
      for (const slot of guest.slots.keys()) logOf(guest, slot).interruptions.push(sim.now);
    },
    violations() {
      for (const [name, log] of logs) checkOrder(name, log, arrivals, problems, seen);
      return problems;
    },
  };
}

/** Walks a slot's numbers in their order. */
function checkOrder(
  name: string,
  log: SlotLog,
  arrivals: Map<string, Arrivals>,
  problems: string[],
  seen: NumberRules["seen"],
): void {
  const ordered = [...log.sent.values()].sort((a, b) => a.number - b.number);
  let last: Sent | undefined;
  let lastContent: Sent | undefined;
  for (const [place, sent] of ordered.entries()) {
    const complain = (what: string) => problems.push(`${name}: ${sent.number} ${what}`);
    if (last !== undefined && timestampDelta(sent.timestamp, last.timestamp) < 0) complain("has a falling timestamp");
    last = sent;
    const { content } = sent;
    if (content === undefined) continue;
    if (content.source !== sent.csrc) complain(`has CSRC ${sent.csrc} and is of ${content.source}`);
    const before = lastContent;
    lastContent = sent;
    const isSwitch = isFirst(before, sent);
    if (isSwitch && !content.start) complain("begins without a key frame");
    if (before?.content === undefined) continue;
    const between = sent.number - before.number - 1;
    const came = arrivals.get(keyOf(before.content))!;
    if (!isSwitch || sameFeed(before.content, content)) {
      let own = 0;
      const end = isSwitch ? 0 : feedEnd(log, ordered, place);
      for (let index = before.content.index + 1; index < content.index; index++) {
        if (!came.skipped.has(index)) own++;
        if ((came.media.get(index) ?? end) < end) complain(`comes behind ${index}, which arrived but wasn't sent`);
      }
      if (between > own) complain(`leaves ${between} numbers before it, ${own} packets were lost`);
      if (!isSwitch && between !== own) complain(`leaves ${between} numbers before it for ${own} packets`);
      if (between > 0) seen.gaps++;
    } else if (between > lostBeforePadding(before.content.index, came))
      complain(`leaves ${between} numbers at a switch`);
    if (isSwitch) {
      seen.switches++;
      checkTime(log.media, before, sent, complain);
    }
    if (log.media === "video") checkDescriptor(before.content, content, isSwitch, complain);
  }
}

function keyOf({ source, layer }: { readonly source: number; readonly layer: number }): string {
  return `${source}/${layer}`;
}

/** When the feed of a packet ended: packets of it that came later are dropped. */
function feedEnd(log: SlotLog, ordered: readonly Sent[], place: number): number {
  const { time } = ordered[place]!;
  const interrupted = log.interruptions.find(at => at > time) ?? Number.POSITIVE_INFINITY;
  let before = ordered[place];
  for (const next of ordered.slice(place + 1)) {
    if (next.content === undefined) continue;
    if (isFirst(before, next)) return Math.min(interrupted, next.time);
    before = next;
  }
  return interrupted;
}

/** Whether a packet is the first of a feed. */
function isFirst(before: Sent | undefined, sent: Sent): boolean {
  if (before?.content === undefined || sent.content === undefined) return true;
  return sent.begins || !sameFeed(before.content, sent.content);
}

function sameFeed(a: Content, b: Content): boolean {
  return a.source === b.source && a.layer === b.layer;
}

/** Numbers that were kept behind `index` because padding came after packets that didn't. */
function lostBeforePadding(index: number, came: Arrivals): number {
  let lost = 0;
  let kept = 0;
  for (let next = index + 1; next <= came.newest; next++) {
    if (came.skipped.has(next)) kept = lost;
    else if (!came.media.has(next)) lost++;
  }
  return kept;
}

/** A switch advances the timestamp by the time gone; audio by whole packets, rounded down, at least one. */
function checkTime(media: "audio" | "video", before: Sent, sent: Sent, complain: (what: string) => void): void {
  const step = timestampDelta(sent.timestamp, before.timestamp);
  const gone = sent.time - before.time;
  if (media === "audio") {
    const packets = Math.max(1, Math.floor((gone * 48) / 960));
    if (step !== packets * 960) complain(`advances the timestamp by ${step} after ${gone.toFixed(1)} ms`);
  } else if (Math.abs(step - gone * 90) > 1 && step !== 1) {
    complain(`advances the timestamp by ${step} after ${gone.toFixed(1)} ms`);
  }
}

function checkDescriptor(
  before: Content & Partial<Vp8Numbers>,
  content: Content & Partial<Vp8Numbers>,
  isSwitch: boolean,
  complain: (what: string) => void,
): void {
  const frames = isSwitch ? 1 : content.frame - before.frame;
  if (((content.pictureId! - before.pictureId!) & 0x7fff) !== frames) {
    complain(`has picture id ${content.pictureId} behind ${before.pictureId}, ${frames} frames on`);
  }
  if (((content.tl0! - before.tl0!) & 0xff) !== (frames & 0xff)) complain("breaks the TL0PICIDX");
  if (isSwitch && ((content.keyIndex! - before.keyIndex!) & 0x1f) !== 1) complain("breaks the KEYIDX");
}

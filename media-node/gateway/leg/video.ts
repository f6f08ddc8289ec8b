/**
 * What a telephone with a camera shows, and sees: its stream is its participant's camera; it is sent the screen that is shared, else
 * whoever spoke last, in what both sides have.
 * @module
 */
import type { NodeParticipant } from "../../../src/protocol/index.ts";
import type { FlushList } from "../../forward/flush-list.ts";
import type { Router } from "../../room/router.ts";
import type { Tally } from "../../session/tally.ts";
import { type Channel, createChannel } from "../rtp/channel.ts";
import type { OpenPair } from "../rtp/leg.ts";
import type { LegVideoAgreement } from "./orders.ts";

/** A room as video needs it. */
export interface VideoRoom {
  readonly router: Router;
  readonly flushes: FlushList;
  /** Ceiling of what one publisher is asked to send, in bit/s. */
  readonly maxBitrate: number;
}

export interface LegVideo {
  readonly port: number;
  /** Undefined: nothing is seen, of either. */
  update(agreement: LegVideoAgreement | undefined, now: number): void;
  enter(room: VideoRoom, participant: NodeParticipant, now: number): void;
  put(participant: NodeParticipant, now: number): void;
  leave(now: number): void;
  /** It is to be sent a key picture. */
  refresh(now: number): void;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  count(tally: Tally): void;
  /** Idempotent; frees the ports. */
  close(now: number): void;
}

const isSame = (a: LegVideoAgreement | undefined, b: LegVideoAgreement | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

export function createLegVideo(pair: OpenPair, past: Tally): LegVideo {
  let agreement: LegVideoAgreement | undefined;
  let seat: { readonly room: VideoRoom; participant: NodeParticipant } | undefined;
  let channel: Channel | undefined;

  pair.listen((at, bytes, path, now) => channel?.receive(at, bytes, path, now));

  function stop(now: number): void {
    channel?.close(now);
    channel?.count(past);
    channel = undefined;
  }

  /** A stream that goes elsewhere, by other keys or numbers, is another one. */
  function start(now: number): void {
    stop(now);
    if (seat === undefined || agreement === undefined) return;
    const { address, port, from, codec, payloadType, srtp, sends, receives } = agreement;
    if (!sends && !receives) return;
    const { room, participant } = seat;
    channel = createChannel({
      ...{ ...room, participant, sockets: pair, now },
      stream: { media: "video", codec, payloadType },
      receive: receives ? { from, srtp: srtp?.receive } : undefined,
      send: sends ? { destination: port > 0 ? { address, port } : undefined, srtp: srtp?.send } : undefined,
    });
  }

  return {
    port: pair.port,
    update(next, now) {
      if (isSame(agreement, next)) return;
      agreement = next;
      start(now);
    },
    enter(room, participant, now) {
      seat = { room, participant };
      start(now);
    },
    put(participant, now) {
      if (seat) seat.participant = participant;
      channel?.update(participant, now);
    },
    leave(now) {
      seat = undefined;
      stop(now);
    },
    refresh: now => channel?.refresh(now),
    tick(now) {
      if (channel && now >= channel.deadline) channel.tick(now);
    },
    count(tally) {
      channel?.count(tally);
    },
    close(now) {
      seat = undefined;
      stop(now);
      pair.close();
    },
  };
}

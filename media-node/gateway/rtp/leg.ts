import { type NodeParticipant, type RtpLeg as RtpLegSpec, TandemError } from "../../../src/protocol/index.ts";
import type { FlushList } from "../../forward/flush-list.ts";
import type { Router } from "../../room/router.ts";
import type { Tally } from "../../session/tally.ts";
import { type Channel, createChannel, type SocketPair } from "./channel.ts";
import { describe, type RtpStream } from "./description.ts";

/** What a leg is for, and where. */
export interface RtpLegOptions {
  readonly participant: NodeParticipant;
  readonly router: Router;
  readonly flushes: FlushList;
  readonly maxBitrate: number;
  readonly leg: RtpLegSpec;
}

/** A participant that speaks plain RTP: its streams go into the room's router, or come from there. */
export interface RtpLeg {
  /** For the program at the other end. */
  readonly description: string;
  update(participant: NodeParticipant, now: number): void;
  readonly deadline: number;
  tick(now: number): void;
  count(tally: Tally): void;
  /** Idempotent; frees the ports. */
  close(now: number): void;
}

/** What opens legs: the worker, which has the ports. */
export interface RtpHost {
  /** Where its ports are reached. */
  readonly address: string;
  /**
   * Ports for who does without a leg's channels.
   * @throws (rejects with) TandemError `node-setting` or `rtp-unavailable`
   */
  openPair(): Promise<OpenPair>;
  /**
   * @throws (rejects with) TandemError `node-setting`, `rtp-unavailable`, `rtp-destination` or `bad-request`
   */
  open(options: RtpLegOptions): Promise<RtpLeg>;
}

async function unavailable(): Promise<never> {
  throw new TandemError("node-setting", "rtp-ports");
}

/** Where nobody has set up ports. */
export const NO_RTP: RtpHost = { address: "", open: unavailable, openPair: unavailable };

/** Two neighbouring ports that are open, and who hears what comes to them. */
export interface OpenPair extends SocketPair {
  /** Number of the first. */
  readonly port: number;
  listen(receive: Channel["receive"]): void;
  close(): void;
}

/** The streams of a leg, with their destinations where it sends. */
export function streamsOf({ receive, send }: RtpLegSpec): (RtpStream & { readonly to: number | undefined })[] {
  return (["audio", "video"] as const).flatMap(media => {
    const stream = (receive ?? send)?.[media];
    const to = send?.[media]?.port;
    return stream ? [{ media, codec: stream.codec, payloadType: stream.payloadType, to }] : [];
  });
}

/**
 * Make a leg on ports that are open, one pair for each of its streams in order.
 * @param address where the ports are reached
 */
export function createRtpLeg(
  { leg, participant, ...common }: RtpLegOptions,
  pairs: readonly OpenPair[],
  address: string,
  now: number,
): RtpLeg {
  const { receive, send } = leg;
  const streams = streamsOf(leg);
  const channels: Channel[] = [];
  let closed = false;

  function close(at: number): void {
    if (closed) return;
    closed = true;
    for (const channel of channels) channel.close(at);
    for (const pair of pairs) pair.close();
  }

  try {
    for (const [index, stream] of streams.entries()) {
      const sockets = pairs[index]!;
      const destination = send && stream.to !== undefined ? { address: send.address, port: stream.to } : undefined;
      const channel = createChannel({
        ...{ ...common, participant, stream, sockets, now },
        receive: receive && { from: receive.from === undefined ? undefined : [receive.from], srtp: receive.srtp },
        send: send && { destination, srtp: send.srtp, only: send.only, mix: send.mix },
      });
      channels.push(channel);
      sockets.listen(channel.receive);
    }
  } catch (error) {
    close(now);
    throw error;
  }

  return {
    description: describe(
      send?.address ?? address,
      streams.map((stream, index) => ({
        ...stream,
        port: stream.to ?? pairs[index]!.port,
        ssrc: channels[index]!.ssrc,
      })),
      send ? "sendonly" : "recvonly",
      (receive ?? send)?.srtp,
    ),
    update(next, at) {
      for (const channel of channels) channel.update(next, at);
    },
    get deadline() {
      return Math.min(...channels.map(channel => channel.deadline));
    },
    tick(at) {
      for (const channel of channels) if (at >= channel.deadline) channel.tick(at);
    },
    count(tally) {
      for (const channel of channels) channel.count(tally);
    },
    close,
  };
}

import type { BotAudio, LinkCommand, NodeParticipant } from "../../src/protocol/index.ts";
import { type Bot, createBot } from "../gateway/bot/bot.ts";
import type { BotDoor } from "../gateway/bot/door.ts";
import type { Clips } from "../gateway/leg/clips.ts";
import type { RtmpDoor } from "../gateway/rtmp/door.ts";
import { createIngest, type Ingest } from "../gateway/rtmp/ingest.ts";
import type { RtpHost } from "../gateway/rtp/leg.ts";
import type { Log } from "../log.ts";
import type { MixHost } from "../mix/mix-host.ts";
import type { Router } from "../room/router.ts";
import type { SessionHost } from "../session/session-contract.ts";
import type { Tally } from "../session/tally.ts";
import type { HlsConfig, Outcome } from "./messages.ts";
import { createRoomBroadcasts } from "./room-broadcasts.ts";
import { createRoomGuests } from "./room-guests.ts";
import { createRoomLegs } from "./room-legs.ts";
import { createRoomPhones, type RoomPhones } from "./room-phones.ts";

/** What a worker's gateways are: those that are absent are off. */
export interface Gateways {
  /** Where programs come in. */
  readonly door?: BotDoor | undefined;
  /** Where encoders come in. */
  readonly rtmp?: RtmpDoor | undefined;
  readonly rtp: RtpHost;
  /** What telephones are told. */
  readonly clips?: Clips | undefined;
  /** Where broadcasts are written. */
  readonly hls?: HlsConfig | undefined;
}

export interface RoomGatewaysOptions {
  readonly gateways: Gateways;
  readonly room: string;
  readonly router: Router;
  readonly mixing: MixHost;
  readonly host: Pick<SessionHost, "flushes" | "maxBitrate">;
  readonly log: Log;
  /** What those that are gone had counted is added here. */
  readonly past: Tally;
  readonly onState: (pid: string, state: "connected" | "closed") => void;
}

export type GatewayCommand = Extract<LinkCommand, { type: "bot.open" | "rtmp.open" | "rtp.open" | "hls.open" }>;

/** Participants of a room that have no session: programs, encoders, plain RTP, broadcasts, telephones. */
export interface RoomGateways {
  /** @throws TandemError (or rejects with one) that says why it can't be done */
  open(command: GatewayCommand, participant: NodeParticipant, now: number): Outcome | Promise<Outcome>;
  /** A call's leg is that participant from now on. */
  readonly join: RoomPhones["join"];
  update(participant: NodeParticipant, now: number): void;
  remove(pid: string, now: number): void;
  readonly pids: readonly string[];
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  count(tally: Tally): void;
  close(now: number): void;
}

export function createRoomGateways(options: RoomGatewaysOptions): RoomGateways {
  const { gateways, room, router, mixing, host, log, past, onState } = options;
  const { door, rtmp, rtp, hls } = gateways;
  const bots = createRoomGuests<Bot, BotAudio>({
    ...{ door, setting: "bot-listen", onState, log },
    create: (participant, audio, now, told) => createBot({ router, mixing, participant, audio, now, onState: told }),
  });
  const encoders = createRoomGuests<Ingest, undefined>({
    ...{ door: rtmp, setting: "rtmp-listen", onState, log },
    create: (participant, _, now, told) =>
      createIngest({ router, mixing, participant, aac: rtmp?.aac, log, now, onState: told }),
  });
  const { flushes, maxBitrate } = host;
  const legs = createRoomLegs({ router, flushes, maxBitrate, rtp, past, onState, log });
  const broadcasts = createRoomBroadcasts({ room, router, mixing, hls, log, onState });
  const phones = createRoomPhones(router, mixing, host, log);
  return {
    join: phones.join,
    open(command, participant, now) {
      switch (command.type) {
        case "bot.open":
          return { bot: bots.open(participant, command.audio, now) };
        case "rtmp.open":
          return { rtmp: { ...encoders.open(participant, undefined, now), sound: rtmp?.aac !== undefined } };
        case "rtp.open":
          return legs.open(participant, command.leg, now).then(sdp => ({ answer: { sdp } }));
        case "hls.open":
          return { hls: broadcasts.open(participant, command.order) };
      }
    },
    update(participant, now) {
      for (const each of [bots, encoders, legs, phones]) each.update(participant, now);
    },
    remove(pid, now) {
      for (const each of [bots, encoders, legs, broadcasts, phones]) each.remove(pid, now);
    },
    get pids() {
      return [bots, encoders, legs, broadcasts, phones].flatMap(({ pids }) => [...pids]);
    },
    tick(now) {
      bots.tick(now);
      encoders.tick(now);
      legs.tick(now);
      broadcasts.tick(now);
      phones.tick(now);
    },
    count: tally => legs.count(tally),
    close(now) {
      for (const each of [bots, encoders, legs, broadcasts, phones]) each.close(now);
    },
  };
}

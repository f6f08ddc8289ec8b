import { TandemError } from "../../../src/protocol/index.ts";
import type { Log } from "../../log.ts";
import { parseAddress } from "../../net/address.ts";
import { openUdp, type UdpPort } from "../../net/udp-port.ts";
import { STUN_FAMILY } from "../../stun/constants.ts";
import { isInRanges, parseRange } from "../../turn/policy/ranges.ts";
import { createRtpLeg, type OpenPair, type RtpHost, type RtpLegOptions, streamsOf } from "./leg.ts";
import { createPortPairs } from "./port-pairs.ts";

export interface RtpHostOptions {
  /** Local address of the ports. */
  readonly listen: string;
  /** Where they are reached. */
  readonly address: string;
  /** The range of ports. */
  readonly min: number;
  readonly max: number;
  /** Addresses, prefixes and ranges that may be sent to. */
  readonly destinations: readonly string[];
  /** What `performance.now()` counts from, in the worker's time. */
  readonly timeOrigin: number;
  /** A turn of packets is over: what they caused may leave. */
  readonly onBatchEnd: (now: number) => void;
  readonly log: Log;
}

/** A stream at a time needs few: its sender, and strangers who are turned away. */
const PATHS = { maxPaths: 64, maxUnknownPaths: 16, slabBytes: 64 * 1024, bufferBytes: 1024 * 1024 };
const MAX_TRIES = 8;

const isTaken = (error: unknown): boolean => (error as { code?: string }).code === "EADDRINUSE";

/** Legs on real sockets. @throws Error for a destination that is no address, prefix or range */
export function createRtpHost(options: RtpHostOptions): RtpHost {
  const { listen, address, timeOrigin, onBatchEnd, log } = options;
  const pairs = createPortPairs(options.min, options.max);
  const ranges = options.destinations.map(parseRange);
  const clock = (): number => timeOrigin + performance.now();

  function checkDestination({ leg: { send } }: RtpLegOptions): void {
    if (!send) return;
    const bytes = parseAddress(send.address);
    const family = bytes?.length === 4 ? STUN_FAMILY.ipv4 : STUN_FAMILY.ipv6;
    const reachable = listen.includes(":") === send.address.includes(":");
    if (!bytes || !reachable || !isInRanges(ranges, bytes, family)) {
      throw new TandemError("rtp-destination", send.address);
    }
  }

  async function openSocket(port: number, receive: (bytes: Uint8Array, path: number, now: number) => void) {
    return openUdp({
      addresses: [listen],
      port,
      ...PATHS,
      onPacket: (bytes, path, now) => receive(bytes, path, timeOrigin + now),
      onBatchEnd: now => onBatchEnd(timeOrigin + now),
    });
  }

  async function openAt(port: number): Promise<OpenPair> {
    let receive: Parameters<OpenPair["listen"]>[0] | undefined;
    const take: Parameters<OpenPair["listen"]>[0] = (...packet) => {
      try {
        receive?.(...packet);
      } catch (error) {
        // A defect of ours ends what met it, not the worker: nothing more is heard at these ports.
        receive = undefined;
        log.error("a stream of plain RTP failed", { port, error: error instanceof Error ? error.stack : error });
      }
    };
    const rtp: UdpPort = await openSocket(port, (bytes, path, now) => take("rtp", bytes, path, now));
    let rtcp: UdpPort;
    try {
      rtcp = await openSocket(port + 1, (bytes, path, now) => take("rtcp", bytes, path, now));
    } catch (error) {
      await rtp.close();
      throw error;
    }
    return {
      port,
      rtp,
      rtcp,
      listen(to) {
        receive = to;
      },
      close() {
        receive = undefined;
        void Promise.all([rtp.close(), rtcp.close()]).finally(() => pairs.giveBack(port, clock()));
      },
    };
  }

  /** A free pair; ports that other programs of the machine hold are passed over. */
  async function openPair(): Promise<OpenPair> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const port = pairs.take(clock());
      if (port === undefined) break;
      try {
        return await openAt(port);
      } catch (error) {
        pairs.giveBack(port, clock());
        if (!isTaken(error)) throw error;
      }
    }
    throw new TandemError("rtp-unavailable", "all of its ports are in use; give it more by rtp-ports");
  }

  return {
    address,
    openPair,
    async open(leg) {
      checkDestination(leg);
      const open: OpenPair[] = [];
      try {
        for (const _ of streamsOf(leg.leg)) open.push(await openPair());
        return createRtpLeg(leg, open, address, clock());
      } catch (error) {
        for (const pair of open) pair.close();
        throw error;
      }
    },
  };
}

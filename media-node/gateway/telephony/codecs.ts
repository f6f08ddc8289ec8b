import { parseAddress } from "../../net/address.ts";
import { STUN_FAMILY } from "../../stun/constants.ts";
import { isInRanges, parseRange } from "../../turn/policy/ranges.ts";
import { DTMF_KEYS } from "../leg/digits-in.ts";
import { LEG_CODECS, type LegCodec } from "../leg/formats.ts";
import type { LegAgreement, LegVideoAgreement } from "../leg/orders.ts";
import type { AudioCodec } from "../sip/description/audio-codecs.ts";
import type { AudioAgreement } from "../sip/description/audio-media.ts";

/** What telephones are offered, the best sound first. G.722 counts 8,000, by an old mistake (RFC 3551 §4.5.2). */
export const CODECS: readonly AudioCodec[] = [
  { name: "opus", clockRate: 48_000, channels: 2, payloadType: 107, parameters: "useinbandfec=1;stereo=0" },
  { name: "G722", clockRate: 8_000, channels: 1, payloadType: 9, parameters: "" },
  { name: "PCMU", clockRate: 8_000, channels: 1, payloadType: 0, parameters: "" },
  { name: "PCMA", clockRate: 8_000, channels: 1, payloadType: 8, parameters: "" },
  {
    name: "telephone-event",
    clockRate: 8_000,
    channels: 1,
    payloadType: 101,
    parameters: `0-${DTMF_KEYS.length - 1}`,
  },
  // Who may leave silence out sends less; to us it is silence.
  { name: "CN", clockRate: 8_000, channels: 1, payloadType: 13, parameters: "" },
];

const legCodec = (name: string): LegCodec | undefined => LEG_CODECS.find(codec => codec === name.toLowerCase());

/** This machine, its link, and groups of machines: no telephone elsewhere has its sound there. */
const NO_TELEPHONES = [
  ...["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/96", "::ffff:0:0/96", "fe80::/10", "ff00::/8"],
].map(parseRange);

/** Whether sound may be sent where a telephone wants it, before any came from there. */
function mayBeAt(address: string, signaling: string): boolean {
  const bytes = parseAddress(address);
  // A trunk that is known by a name was named by its operator.
  if (bytes === undefined || address === signaling || parseAddress(signaling) === undefined) return true;
  return !isInRanges(NO_TELEPHONES, bytes, bytes.length === 4 ? STUN_FAMILY.ipv4 : STUN_FAMILY.ipv6);
}

/** What of a call matters to its sound. */
export interface CallSound {
  /** Before, a telephone hears nothing. */
  readonly isEstablished: boolean;
  /** We hold it. */
  readonly holds: boolean;
  /** Sound once went both ways: where it no longer does, somebody holds somebody. */
  readonly hasTalked: boolean;
}

function legVideo(agreement: AudioAgreement, signaling: string, state: CallSound): LegVideoAgreement | undefined {
  const { video } = agreement;
  if (video === undefined || !state.isEstablished || state.holds) return undefined;
  const { address, port, codec, payloadType, direction, srtp } = video;
  const place = mayBeAt(address, signaling)
    ? { address, port, from: [address, signaling] }
    : { address: signaling, port: 0, from: [signaling] };
  return {
    ...{ ...place, codec, payloadType },
    ...(srtp && { srtp }),
    sends: direction === "sendrecv" || direction === "sendonly",
    receives: direction === "sendrecv" || direction === "recvonly",
  };
}

/**
 * What a leg must know of an agreement.
 * @param signaling where the telephone's signaling comes from
 */
export function legAgreement(agreement: AudioAgreement, signaling: string, state: CallSound): LegAgreement {
  const { address, port, direction, codecs, events, srtp, dtls } = agreement;
  const video = legVideo(agreement, signaling, state);
  const formats = codecs.flatMap(({ name, sendType, receiveType }) => {
    const codec = legCodec(name);
    return codec ? [{ codec, sendType, receiveType }] : [];
  });
  // Events that count as the sound does come first: they share its timestamps.
  const clock = codecs[0]?.clockRate;
  const event = events.find(({ clockRate }) => clockRate === clock) ?? events[0];
  // Its sound may then still be heard from where its signaling comes from, and goes back there.
  const place = mayBeAt(address, signaling)
    ? { address, port, from: [address, signaling] }
    : { address: signaling, port: 0, from: [signaling] };
  return {
    ...{ ...place, formats },
    ...(event && {
      events: {
        sendType: event.sendType,
        receiveTypes: events.map(({ receiveType }) => receiveType),
        clockRate: event.clockRate,
      },
    }),
    ...(srtp && { srtp }),
    ...(dtls && { dtls }),
    sends: state.isEstablished && port > 0 && (direction === "sendrecv" || direction === "sendonly"),
    // A telephone that holds us may send its music: the room is not to hear it.
    receives: !state.holds && (direction === "sendrecv" || (direction === "recvonly" && !state.hasTalked)),
    held: state.holds,
    ...(video && { video }),
  };
}

import { DTMF_KEYS } from "../leg/digits-in.ts";
import { LEG_CODECS, type LegCodec } from "../leg/formats.ts";
import type { LegAgreement } from "../leg/orders.ts";
import type { AudioAgreement, AudioCodec } from "../sip/description/audio-media.ts";

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
];

const legCodec = (name: string): LegCodec | undefined => LEG_CODECS.find(codec => codec === name.toLowerCase());

/**
 * What a leg must know of an agreement.
 * @param signaling where the telephone's signaling comes from
 * @param answered whether the call was: before, a telephone hears nothing of the room
 */
export function legAgreement(agreement: AudioAgreement, signaling: string, answered: boolean): LegAgreement {
  const { address, port, direction, codecs, events } = agreement;
  const formats = codecs.flatMap(({ name, sendType, receiveType }) => {
    const codec = legCodec(name);
    return codec ? [{ codec, sendType, receiveType }] : [];
  });
  // Events that count as the sound does come first: they share its timestamps.
  const clock = codecs[0]?.clockRate;
  const event = events.find(({ clockRate }) => clockRate === clock) ?? events[0];
  return {
    ...{ address, port, from: [address, signaling], formats },
    ...(event && {
      events: {
        sendType: event.sendType,
        receiveTypes: events.map(({ receiveType }) => receiveType),
        clockRate: event.clockRate,
      },
    }),
    sends: answered && port > 0 && (direction === "sendrecv" || direction === "sendonly"),
    receives: direction === "sendrecv" || direction === "recvonly",
  };
}

/** Both ends of all calls: sockets that send what is said, and count and time what comes back. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type AudioDecoder, MAX_ENCODED, MAX_PACKET_TIME } from "../../media-node/codec/audio-codec.ts";
import { createG711Decoder, createG711Encoder } from "../../media-node/codec/g711.ts";
import { loadOpus } from "../../media-node/codec/opus-audio.ts";
import { buildRtp } from "../../media-node/testing/model-packets.ts";
import { tone } from "../../media-node/testing/tones.ts";
import { pause } from "../ask.ts";
import { makeClips } from "../mix/clips.ts";
import { CALLS, type Ends, FRAME, LOOPBACK, OPUS_TYPE, PCMU_TYPE } from "./shape.ts";

const HEADER = 12;
const RATE = 8_000;
/** Calls don't tick together: there are so many groups, spread over a frame's time. */
const GROUPS = 4;
const MULAW_SILENCE = new Uint8Array(160).fill(0xff);
const OPUS_SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);
/** A sound and the silence after it, in frames, by which delay is measured; louder than this is the sound. */
const SOUND = 5;
const PERIOD = 50;
const AUDIBLE = 0.05;

export type Side = keyof Ends;

interface End {
  readonly socket: Socket;
  readonly decoder: AudioDecoder;
  packets: number;
  /** When the other end began the sound that isn't heard yet. */
  soundAt: number;
}

export interface Load {
  readonly ends: readonly Ends[];
  /** Everybody talks to these ports from now on. */
  talk(to: readonly Ends[]): void;
  /** From now on ends give single sounds in turns, and how long (ms) those take to be heard is noted. */
  probe(): void;
  received(): Readonly<Record<Side, number>>;
  /** Delays noted so far (ms), by the side that gave the sound. */
  readonly delays: Readonly<Record<Side, number[]>>;
  close(): Promise<void>;
}

async function openEnd(decoder: AudioDecoder, heard: (end: End) => void): Promise<End> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 18 });
  socket.bind(0, LOOPBACK);
  await once(socket, "listening");
  const end: End = { socket, decoder, packets: 0, soundAt: 0 };
  const pcm = new Float32Array((RATE * MAX_PACKET_TIME) / 1_000);
  socket.on("message", bytes => {
    end.packets++;
    if (end.soundAt === 0) return;
    const samples = decoder.decode(bytes, HEADER, bytes.length - HEADER, pcm, 0);
    if (pcm.subarray(0, Math.max(0, samples)).some(sample => sample > AUDIBLE)) heard(end);
  });
  return end;
}

/** What either side says, frame by frame: speech, and a tone. */
async function makeVoices() {
  const opus = await loadOpus();
  const encode = createG711Encoder("pcmu");
  const packet = new Uint8Array(MAX_ENCODED);
  const speech = await makeClips(5);
  const decoder = opus.createDecoder(RATE, 1);
  const pcm = new Float32Array((RATE * MAX_PACKET_TIME) / 1_000);
  const spoken = speech.map(clip =>
    clip.map(frame => {
      decoder.decode(frame, 0, frame.length, pcm, 0);
      return packet.slice(0, encode.encode(pcm, 0, packet, 0));
    }),
  );
  const full = opus.createEncoder({ rate: 48_000, channels: 1, bitrate: 32_000 });
  const sounds = Array.from({ length: SOUND }, (_, i) => ({
    phone: packet.slice(0, encode.encode(tone(700, RATE, 160, 0.4, i * 160), 0, packet, 0)),
    listener: packet.slice(0, full.encode(tone(700, 48_000, 960, 0.4, i * 960), 0, packet, 0)),
  }));
  decoder.close();
  full.close();
  return {
    speech: { phone: spoken, listener: speech },
    sounds,
    silence: { phone: MULAW_SILENCE, listener: OPUS_SILENCE },
  };
}

export async function openLoad(): Promise<Load> {
  const opus = await loadOpus();
  const voices = await makeVoices();
  const delays: Record<Side, number[]> = { phone: [], listener: [] };
  const calls: Record<Side, End>[] = [];
  for (let i = 0; i < CALLS; i++) {
    const note = (from: Side) => (end: End) => {
      delays[from].push(performance.now() - end.soundAt);
      end.soundAt = 0;
    };
    calls.push({
      phone: await openEnd(createG711Decoder("pcmu"), note("listener")),
      listener: await openEnd(opus.createDecoder(RATE, 1), note("phone")),
    });
  }
  let isProbing = false;
  let isClosed = false;
  let running: Promise<void> | undefined;

  function say(side: Side, call: number, frame: number): Uint8Array {
    if (!isProbing) {
      const clip = voices.speech[side][call % 5]!;
      return clip[(frame + call * 7) % clip.length]!;
    }
    // Sides take turns, each with a second of its own.
    const at = ((frame + call * 3) % (2 * PERIOD)) - (side === "phone" ? 0 : PERIOD);
    if (at === 0) calls[call]![side === "phone" ? "listener" : "phone"].soundAt = performance.now();
    return at >= 0 && at < SOUND ? voices.sounds[at]![side] : voices.silence[side];
  }

  function sendFrame(call: number, frame: number, to: Ends): void {
    for (const side of ["phone", "listener"] as const) {
      const isPhone = side === "phone";
      const packet = buildRtp({
        payloadType: isPhone ? PCMU_TYPE : OPUS_TYPE,
        sequence: frame & 0xffff,
        timestamp: frame * (isPhone ? 160 : 960),
        ssrc: 2 * call + (isPhone ? 1 : 2),
        payload: say(side, call, frame),
      });
      calls[call]![side].socket.send(packet, to[side], LOOPBACK);
    }
  }

  async function run(to: readonly Ends[]): Promise<void> {
    const begun = performance.now();
    for (let turn = 0; !isClosed; turn++) {
      for (let call = turn % GROUPS; call < CALLS; call += GROUPS)
        sendFrame(call, Math.floor(turn / GROUPS), to[call]!);
      await pause(Math.max(0, begun + ((turn + 1) * FRAME) / GROUPS - performance.now()));
    }
  }

  return {
    ends: calls.map(({ phone, listener }) => ({
      phone: phone.socket.address().port,
      listener: listener.socket.address().port,
    })),
    talk(to) {
      running = run(to);
    },
    probe() {
      isProbing = true;
    },
    received: () => ({
      phone: calls.reduce((sum, { phone }) => sum + phone.packets, 0),
      listener: calls.reduce((sum, { listener }) => sum + listener.packets, 0),
    }),
    delays,
    async close() {
      isClosed = true;
      await running;
      for (const { phone, listener } of calls) {
        phone.socket.close();
        listener.socket.close();
        phone.decoder.close();
        listener.decoder.close();
      }
    },
  };
}

import { afterEach, describe, expect, it } from "vitest";
import {
  MediaStreamTrack,
  RTCPeerConnection,
  RtpHeader,
  RtpPacket,
  useAbsSendTime,
  useAudioLevelIndication,
  useNACK,
  useOPUS,
  usePLI,
  useREMB,
  useSdesMid,
  useVP8,
} from "werift";
import type { Assignment, LinkCommand } from "../../src/protocol/index.ts";
import { createLog } from "../log.ts";
import { type OpenWorker, openWorker } from "./open-worker.ts";
import { participantOf, pidOf, ROOM } from "./testing/model-world.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Body<T> = T extends LinkCommand ? Omit<T, "id" | keyof Assignment> : never;
const send = (worker: OpenWorker, body: Body<LinkCommand>) =>
  worker.execute({ id: 1, ...ROOM, ...body } as LinkCommand);

/** werift's whole peer connection: shares no code with the worker. */
async function connect(worker: OpenWorker, number: number) {
  const pc = new RTCPeerConnection({
    codecs: { audio: [useOPUS()], video: [useVP8({ rtcpFeedback: [useNACK(), usePLI(), useREMB()] })] },
    // Ids that mean different things on different m-lines, as werift gives them.
    headerExtensions: { audio: [useSdesMid(), useAudioLevelIndication()], video: [useSdesMid(), useAbsSendTime()] },
    bundlePolicy: "max-bundle",
    iceServers: [],
    iceUseIpv6: false,
    iceUseTcp: false,
    iceInterfaceAddresses: { udp4: "127.0.0.1" },
    iceAdditionalHostAddresses: ["127.0.0.1"],
  });
  closing.push(() => pc.close());
  const tracks = { audio: new MediaStreamTrack({ kind: "audio" }), video: new MediaStreamTrack({ kind: "video" }) };
  pc.addTransceiver(tracks.audio, { direction: "sendonly" });
  pc.addTransceiver(tracks.video, { direction: "sendonly" });
  const received = { audio: [] as RtpPacket[], video: [] as RtpPacket[] };
  for (const kind of ["audio", "video"] as const) {
    const slot = pc.addTransceiver(kind, { direction: "recvonly" });
    slot.onTrack.subscribe(track => track.onReceiveRtp.subscribe(packet => received[kind].push(packet)));
  }
  await pc.setLocalDescription(await pc.createOffer());
  await send(worker, { type: "participant.put", participant: participantOf(number) });
  const offer = { sdp: pc.localDescription!.sdp };
  const { answer } = await send(worker, { type: "session.open", pid: pidOf(number), offer });
  await pc.setRemoteDescription({ type: "answer", sdp: answer!.sdp });

  let sequence = 0;
  const write = (kind: "audio" | "video", timestamp: number, payload: Buffer): void => {
    const payloadType = kind === "audio" ? 96 : 97;
    const header = new RtpHeader({ payloadType, sequenceNumber: sequence & 0xffff, timestamp, marker: true });
    tracks[kind].writeRtp(new RtpPacket(header, payload));
  };
  const timer = setInterval(() => {
    sequence++;
    write("audio", sequence * 960, Buffer.from([0x78, number, sequence & 0xff]));
    write("video", sequence * 1_800, Buffer.from([0x10, sequence % 20 === 1 ? 0x10 : 0x11, 0, 0, number]));
  }, 20);
  closing.push(() => clearInterval(timer));
  return { received };
}

async function until(check: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !check(); ) {
    if (Date.now() > end) throw new Error(`never: ${check}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

describe("werift as a client", () => {
  it("publishes to a room and receives from it, without plan or data channel", async () => {
    const states: string[] = [];
    const worker = await openWorker({
      config: { worker: 0, listen: ["127.0.0.1"], announce: [], port: 0, iceTcp: false, maxBitrate: 1_000_000 },
      log: createLog("error"),
      report: ({ pid, state }) => states.push(`${pid} ${state}`),
    });
    closing.push(worker.close);
    await send(worker, { type: "room.open", participants: [] });
    const [a, b] = [await connect(worker, 1), await connect(worker, 2)];
    await until(() => [a, b].every(({ received }) => received.audio.length > 20 && received.video.length > 20));
    for (const [{ received }, other] of [
      [a, 2],
      [b, 1],
    ] as const) {
      expect(new Set(received.audio.map(({ header }) => header.csrc[0]))).toEqual(new Set([other * 16]));
      expect(new Set(received.video.map(({ header }) => header.csrc[0]))).toEqual(new Set([other * 16 + 1]));
      expect(received.audio.every(({ payload }) => payload[1] === other)).toBe(true);
      expect(received.video.every(({ payload }) => payload.at(-1) === other)).toBe(true);
      const numbers = received.video.map(({ header }) => header.sequenceNumber);
      expect(numbers).toEqual(numbers.map((_, i) => (numbers[0]! + i) & 0xffff));
    }
    expect(states.sort()).toEqual([`${pidOf(1)} connected`, `${pidOf(2)} connected`]);
  });
});

/** Our mixer behind one UDP port of plain RTP: what a media worker does for a mix, without sessions. */

import { createLog } from "../../media-node/log.ts";
import { FULL_BAND } from "../../media-node/mix/mix-format.ts";
import type { RoomMixer } from "../../media-node/mix/mix-host.ts";
import { createMixLink } from "../../media-node/mix/mix-link.ts";
import { openUdp } from "../../media-node/net/udp-port.ts";
import { writeUint16, writeUint32 } from "../../media-node/rtp/bytes.ts";
import {
  audioLevelByte,
  createExtensionFields,
  createExtensionMap,
  NO_LEVEL,
  readExtensions,
} from "../../media-node/rtp/header-extensions.ts";
import { createRtpHeader, readRtp } from "../../media-node/rtp/rtp-header.ts";
import { AUDIO_LEVEL, ECHO_TYPE, PAYLOAD_TYPE, type Seat } from "./shape.ts";

/** A seat and the port its client has. */
export interface ServerSeat extends Seat {
  readonly port: number;
}

interface Client extends ServerSeat {
  readonly mixer: RoomMixer;
  readonly path: number;
  stream: number;
  sequence: number;
}

const seats = JSON.parse(process.argv[2] ?? "[]") as ServerSeat[];
const now = (): number => performance.timeOrigin + performance.now();
const header = createRtpHeader();
const fields = createExtensionFields();
const extensions = createExtensionMap({ audioLevel: AUDIO_LEVEL });
const HEADER = 12;

const port = await openUdp({
  addresses: ["127.0.0.1"],
  onPacket(bytes, path) {
    const client = byPath.get(path);
    if (!readRtp(bytes, 0, bytes.length, header)) return;
    if (header.payloadType === ECHO_TYPE) {
      const at = port.reserve(bytes.length);
      port.slab.set(bytes, at);
      port.commit(path, bytes.length);
      port.flush();
      return;
    }
    if (client === undefined) return;
    readExtensions(bytes, header, extensions, fields);
    const level = audioLevelByte(bytes, fields);
    const { sequence, timestamp, payloadOffset, payloadLength } = header;
    const input = client.participant * 16;
    const loud = level === NO_LEVEL ? -1 : level & 0x7f;
    client.mixer.push(input, "opus", sequence, timestamp, loud, bytes, payloadOffset, payloadLength, now());
  },
});

const link = createMixLink({
  log: createLog("warn"),
  now,
  onNews() {
    link.drain(now());
    port.flush();
  },
});

const byPath = new Map<number, Client>();
for (const room of new Set(seats.map(seat => seat.room))) {
  const clients = new Map<number, Client>();
  const mixer = link.open(
    {
      assigned(listener, stream) {
        clients.get(listener)!.stream = stream;
      },
      packet(stream, timestamp, bytes, offset, length) {
        for (const client of clients.values()) {
          if (client.stream !== stream) continue;
          const at = port.reserve(HEADER + length);
          const { slab } = port;
          slab[at] = 0x80;
          slab[at + 1] = PAYLOAD_TYPE;
          writeUint16(slab, at + 2, client.sequence++ & 0xffff);
          writeUint32(slab, at + 4, timestamp);
          writeUint32(slab, at + 8, client.port);
          slab.set(bytes.subarray(offset, offset + length), at + HEADER);
          port.commit(client.path, HEADER + length);
        }
      },
      lost() {
        process.exit(1);
      },
    },
    now(),
  )!;
  for (const seat of seats.filter(seat => seat.room === room)) {
    const path = port.pathOf("127.0.0.1", seat.port);
    port.retain(path);
    const client = { ...seat, mixer, path, stream: -1, sequence: 0 };
    clients.set(seat.participant, client);
    byPath.set(path, client);
    mixer.addInput(seat.participant * 16, seat.participant);
    mixer.addListener(seat.participant, seat.participant, FULL_BAND);
  }
}
process.stdout.write(`${port.locals[0]!.port}\n`);

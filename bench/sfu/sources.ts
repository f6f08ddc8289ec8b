/** Load process: one publishing session per room, each sending the frames of one VP8 camera. */
import { PacketKind } from "../../media-node/net/demux.ts";
import { createRtcpPacket, FEEDBACK, nextRtcp, RTCP } from "../../media-node/rtp/rtcp-packet.ts";
import { startPacer } from "../floor/pacer.ts";
import { createSharedClock } from "../floor/shape.ts";
import { openSocketSet } from "../floor/socket-set.ts";
import { type Crowd, createCrowd } from "./crowd.ts";
import { createFrameWriter, FPS, PROTECTED_BYTES } from "./frame.ts";
import { type Opened, PHASES, type Question, type Sent } from "./messages.ts";

/** How often keys are looked for and sessions kept alive (ms). */
const HOUSEKEEPING = 20;

const sharedNow = createSharedClock();
const answer = (value: object): void => void process.send?.(value);

process.on("disconnect", () => process.exit());
process.once("message", (question: Extract<Question, { type: "open" }>) => run(question));

function run({ count, server, burst }: Extract<Question, { type: "open" }>): void {
  const sockets = openSocketSet({ count, segment: PROTECTED_BYTES });
  const crowd: Crowd = createCrowd(sockets, server);
  const packets = new Array<number>(PHASES).fill(0);
  const keyDue = new Uint8Array(count).fill(1);
  const rtcp = createRtcpPacket();
  const frame = createFrameWriter(sockets.outgoing, count);
  let rooms = 0;
  let phase = 0;
  let next = 0;

  function sendFrame(): void {
    const room = next;
    next = (next + 1) % rooms;
    const length = frame.write(room, crowd.clients[room]!.outbound!, keyDue[room] === 1, burst, phase, sharedNow());
    keyDue[room] = 0;
    sockets.send(room, length, server);
    packets[phase]! += burst;
  }

  /** A session that asks for a key frame gets one with the next frame. */
  function takeFeedback(room: number, at: number, length: number, kind: PacketKind): void {
    if (kind !== PacketKind.rtcp) return;
    const end = at + (crowd.clients[room]!.inbound?.unprotectRtcp(sockets.data, at, length) ?? 0);
    for (let position = at; position >= 0 && position < end; ) {
      position = nextRtcp(sockets.data, position, end, rtcp);
      if (rtcp.type === RTCP.payload && rtcp.count === FEEDBACK.pli) keyDue[room] = 1;
    }
  }

  const pacer = startPacer(sendFrame);
  process.on("message", async (question: Question) => {
    if (question.type === "connect") {
      await crowd.connect(question.answers);
      setInterval(() => {
        crowd.read(takeFeedback);
        crowd.tick();
      }, HOUSEKEEPING);
      answer({});
    } else if (question.type === "phase") {
      ({ phase, rooms } = question);
      next = 0;
      pacer.interval = rooms === 0 ? Number.POSITIVE_INFINITY : 1000 / FPS / rooms;
      answer({ packets } satisfies Sent);
    }
  });
  answer({ offers: crowd.offers } satisfies Opened);
}

import type { NodeParticipant } from "../../src/protocol/index.ts";
import type { FlushList } from "../forward/flush-list.ts";
import type { RunSink } from "../forward/writer.ts";
import type { SlotChange } from "../room/receiver-types.ts";
import type { Router } from "../room/router.ts";
import { createDataChannels, type DataChannels } from "../sctp/data-channels.ts";
import type { OutboundSrtp } from "../srtp/outbound.ts";
import {
  compareToLast,
  decideLines,
  isSameConnection,
  type MediaLine,
  type ReadOffer,
  writeAnswer,
} from "./description.ts";
import { createMediaChannel, type MediaChannel } from "./media-channel.ts";
import { createMediaPlane, type MediaPlane } from "./media-plane.ts";
import { createSlotIdentities, randomUint32 } from "./slot-identity.ts";
import { createTransport, type Transport, type TransportHost } from "./transport.ts";

/** What all sessions of a worker share. */
export interface SessionHost extends TransportHost {
  readonly runs: RunSink;
  readonly flushes: FlushList;
  /** Values of `a=candidate` lines. */
  readonly candidates: readonly string[];
  /** Ceiling of what one publisher is asked to send, in bit/s. */
  readonly maxBitrate: number;
  /** STUN that names this ufrag is the session's. */
  addUfrag(ufrag: string, session: Session): void;
  removeUfrag(ufrag: string): void;
  /** Packets of this path are the session's. */
  claim(path: number, session: Session): void;
  release(path: number, session: Session): void;
  /** To be flushed before media of the present turn leaves. */
  wake(session: Session): void;
}

export interface SessionOptions {
  readonly host: SessionHost;
  readonly router: Router;
  readonly participant: NodeParticipant;
  readonly offer: ReadOffer;
  readonly now: number;
  /** `closed` comes last, and not when we close. */
  readonly onState: (state: SessionState, now: number) => void;
}
export type SessionState = "connected" | "silent" | "closed";

/** One participant's WebRTC session (DESIGN §3): answers offers, never makes one. */
export interface Session {
  /** What the last offer was answered with. */
  readonly answer: string;
  /** Nothing was heard for 8 s. */
  readonly silent: boolean;
  /** Whether an offer is a further one of this session's peer connection. */
  continues(offer: ReadOffer): boolean;
  /** Answers a further offer; the same again gets the same answer. */
  reoffer(offer: ReadOffer, now: number): string;
  update(participant: NodeParticipant, now: number): void;
  handleStun(
    bytes: Uint8Array,
    offset: number,
    length: number,
    path: number,
    address: string,
    port: number,
    now: number,
  ): void;
  handleDtls(bytes: Uint8Array, offset: number, length: number, path: number, now: number): void;
  handleRtp(bytes: Buffer, offset: number, length: number, path: number, now: number): void;
  handleRtcp(bytes: Buffer, offset: number, length: number, path: number, now: number): void;
  /** Another session has taken a path over. */
  pathLost(path: number): void;
  /** Sends what the client must know before this turn's media. */
  flush(now: number): void;
  /** When {@link tick} has something to do, at the latest; changes with whatever the session is told. */
  readonly deadline: number;
  tick(now: number): void;
  /** Adds what was counted, as `part.what`. */
  count(add: (name: string, count: number) => void): void;
  close(now: number): void;
}

const CHANNEL = { id: 0, label: "tandem-media.v1", protocol: "" };
/** What we take of the client on a data channel. */
const MAX_MESSAGE = 65_536;

/** The protocol's word for a slot's state. */
const stateOf = (state: SlotChange["state"]) => (state === "waiting-key-frame" ? "waiting" : state);

/** Makes the session of a first offer. @throws TandemError `media-offer` */
export function createSession(options: SessionOptions): Session {
  const { host, router, onState } = options;
  const { counters } = host;
  const identify = createSlotIdentities();
  const paths = new Set<number>();
  const ufrags = new Set<string>();
  const sessionId = String(randomUint32());
  const cname = `tandem-${sessionId}`;
  let { participant, offer } = options;
  let version = 1;
  let lines: readonly MediaLine[] = decideLines(offer, participant, [], identify);
  let answer = "";
  let plane: MediaPlane | undefined;
  let channels: DataChannels | undefined;
  let path = -1;
  let silent = false;
  let awake = false;
  let closed = false;
  let clock = options.now;
  /** 0 once something happened that may have brought it forward. */
  let deadline = 0;

  const transport: Transport = createTransport({
    host,
    remote: offer.negotiation.transport,
    fingerprints: offer.negotiation.transport.fingerprints,
    now: options.now,
    claim(claimed) {
      paths.add(claimed);
      host.claim(claimed, session);
    },
    release,
    retire(ufrag) {
      ufrags.delete(ufrag);
      host.removeUfrag(ufrag);
    },
    listener: {
      onConnected: connect,
      onPath(selected) {
        path = selected;
        plane?.setPath(path);
      },
      onData: data => channels?.handle(data, clock),
      onSilent() {
        silent = true;
        onState("silent", clock);
      },
      onAlive() {
        silent = false;
        deadline = 0;
        onState("connected", clock);
      },
      onEnded() {
        close(clock);
        onState("closed", clock);
      },
    },
  });

  const channel: MediaChannel = createMediaChannel({
    send: text => channels?.send(CHANNEL.id, text, clock) === true,
    onWishes: wishes => plane?.setWishes(wishes ?? undefined, clock),
    counters,
  });

  function release(held: number): void {
    if (paths.delete(held)) host.release(held, session);
  }

  function wake(): void {
    if (awake || closed) return;
    awake = true;
    host.wake(session);
  }

  function slotChanged({ slot, source, state }: SlotChange): void {
    const mid = lines[slot]?.negotiated.mid ?? "";
    if (mid === "") return;
    channel.setSlot(mid, source, stateOf(state));
    wake();
  }

  function connect(protector: OutboundSrtp): void {
    const now = clock;
    plane = createMediaPlane({
      participant,
      router,
      protector,
      runs: host.runs,
      flushes: host.flushes,
      ssrc: randomUint32(),
      cname,
      reducedSize: offer.negotiation.offer.media.every(({ rtp, rtcpReducedSize }) => !rtp || rtcpReducedSize),
      maxBitrate: host.maxBitrate,
      sendRtcp(bytes, length) {
        if (path >= 0) host.send(path, bytes, 0, length);
      },
      listener: {
        slotChanged,
        speakersChanged(speakers) {
          channel.setSpeakers(speakers);
          wake();
        },
      },
    });
    plane.apply(lines, now);
    connectChannels(now);
    counters["session.connected"]++;
    onState("connected", now);
  }

  function connectChannels(now: number): void {
    const sctp = lines.find(({ negotiated }) => negotiated.sctp !== undefined)?.negotiated.sctp;
    if (channels !== undefined || sctp === undefined || !transport.connected) return;
    channels = createDataChannels({
      negotiated: [CHANNEL],
      mtu: transport.maxData,
      maxMessageSize: MAX_MESSAGE,
      peerMaxMessageSize: sctp.maxMessageSize === 0 ? Number.POSITIVE_INFINITY : sctp.maxMessageSize,
      send: packet => transport.sendData(packet),
      listener: {
        onOpen: () => channel.open(),
        onMessage: (_id, data) => channel.receive(data, clock),
        onChannelClosed() {},
        onWritable: wake,
        onClosed() {},
      },
    });
    channels.connect(now);
  }

  function describe(ice: Transport["local"]): void {
    answer = writeAnswer(offer, lines, {
      sessionId,
      version: version++,
      ice,
      candidates: host.candidates,
      fingerprint: host.certificate.fingerprint,
      cname,
      maxMessageSize: MAX_MESSAGE,
      transportFeedback: false,
    });
    if (ufrags.has(ice.ufrag)) return;
    ufrags.add(ice.ufrag);
    host.addUfrag(ice.ufrag, session);
  }

  function close(now: number): void {
    if (closed) return;
    closed = true;
    plane?.close(now);
    channels?.close();
    transport.close();
    for (const held of [...paths]) release(held);
    for (const ufrag of ufrags) host.removeUfrag(ufrag);
    ufrags.clear();
  }

  const session: Session = {
    get answer() {
      return answer;
    },
    get silent() {
      return silent;
    },
    continues: next => isSameConnection(offer, next),
    reoffer(next, now) {
      clock = now;
      deadline = 0;
      const same = next.offer.sdp === offer.offer.sdp;
      if (same && JSON.stringify(next.offer.plan) === JSON.stringify(offer.offer.plan)) return answer;
      const { iceRestart } = compareToLast(offer, next);
      lines = decideLines(next, participant, lines, identify);
      offer = next;
      describe(iceRestart ? transport.restart(next.negotiation.transport) : transport.local);
      plane?.apply(lines, now);
      connectChannels(now);
      return answer;
    },
    update(next, now) {
      clock = now;
      deadline = 0;
      participant = next;
      plane?.update(participant, now);
    },
    handleStun(bytes, offset, length, from, address, port, now) {
      clock = now;
      deadline = 0;
      transport.handleStun(bytes, offset, length, from, address, port, now);
    },
    handleDtls(bytes, offset, length, from, now) {
      clock = now;
      deadline = 0;
      transport.handleDtls(bytes, offset, length, from, now);
    },
    handleRtp(bytes, offset, length, from, now) {
      const plain = transport.openRtp(bytes, offset, length, from, now);
      if (plain > 0) plane!.receiveRtp(bytes, offset, plain, now);
    },
    handleRtcp(bytes, offset, length, from, now) {
      const plain = transport.openRtcp(bytes, offset, length, from, now);
      if (plain > 0) plane!.receiveRtcp(bytes, offset, plain, now);
    },
    pathLost(lost) {
      paths.delete(lost);
      transport.pathClosed(lost);
    },
    flush(now) {
      awake = false;
      if (closed) return;
      clock = now;
      deadline = 0;
      channel.flush();
    },
    get deadline() {
      return deadline;
    },
    tick(now) {
      clock = now;
      transport.tick(now);
      if (closed) return;
      if (channels !== undefined && now >= channels.nextTimeout()) channels.tick(now);
      plane?.tick(now);
      deadline = Math.min(
        transport.deadline,
        channels?.nextTimeout() ?? Number.POSITIVE_INFINITY,
        plane?.deadline ?? Number.POSITIVE_INFINITY,
      );
    },
    count(add) {
      transport.count(add);
      plane?.count(add);
    },
    close,
  };

  counters["session.opened"]++;
  describe(transport.local);
  return session;
}

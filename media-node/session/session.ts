import type { SlotChange } from "../room/receiver-types.ts";
import type { OutboundSrtp } from "../srtp/outbound.ts";
import { type ClientChannel, createClientChannel, MAX_MESSAGE } from "./client-channel.ts";
import {
  compareToLast,
  connectionOf,
  decideLines,
  type MediaLine,
  type ReadOffer,
  readOffer,
  restarted,
  writeAnswer,
} from "./description.ts";
import { createMediaPlane, type MediaPlane } from "./media-plane.ts";
import type { Session, SessionOptions } from "./session-contract.ts";
import { createSlotIdentities, randomUint32 } from "./slot-identity.ts";
import { createTransport, type Transport } from "./transport.ts";

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
  const connection = connectionOf(options.offer);
  const { transport: remote, offer: first } = options.offer.negotiation;
  const reducedSize = first.media.every(({ rtp, rtcpReducedSize }) => !rtp || rtcpReducedSize);
  let { participant } = options;
  let { offer } = options.offer;
  let version = 1;
  let lines: readonly MediaLine[] = decideLines(options.offer, participant, [], identify);
  let answer = "";
  let plane: MediaPlane | undefined;
  let path = -1;
  let silent = false;
  let awake = false;
  let closed = false;
  let clock = options.now;
  /** When transport and client channel have something to do; 0 once something may have brought that forward. */
  let dueAt = 0;

  const transport: Transport = createTransport({
    host,
    remote,
    fingerprints: remote.fingerprints,
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
      onData: data => client.handle(data, clock),
      onSilent() {
        silent = true;
        onState("silent", clock);
      },
      onAlive() {
        silent = false;
        stir();
        onState("connected", clock);
      },
      onEnded() {
        close(clock);
        onState("closed", clock);
      },
    },
  });

  const client: ClientChannel = createClientChannel({
    transport,
    onWishes: wishes => plane?.setWishes(wishes ?? undefined, clock),
    onListen: to => plane?.setMixed(to === null ? undefined : to === "mix"),
    wake,
    counters,
  });

  function release(held: number): void {
    if (paths.delete(held)) host.release(held, session);
  }

  function stir(): void {
    dueAt = 0;
    session.deadline = 0;
  }

  function wake(): void {
    if (awake || closed) return;
    awake = true;
    host.wake(session);
  }

  function slotChanged({ slot, source, state }: SlotChange): void {
    const mid = lines[slot]?.negotiated.mid ?? "";
    if (mid === "") return;
    client.media.setSlot(mid, source, stateOf(state));
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
      reducedSize,
      maxBitrate: host.maxBitrate,
      only: offer.only && new Set(offer.only),
      mixed: offer.mix,
      sendRtcp(bytes, length) {
        if (path >= 0) host.send(path, bytes, 0, length);
      },
      listener: {
        slotChanged,
        speakersChanged(speakers) {
          client.media.setSpeakers(speakers);
          wake();
        },
      },
    });
    plane.apply(lines, now);
    connectClient(now);
    counters["session.connected"]++;
    onState("connected", now);
  }

  /** Opens the data channel as soon as there is an m-line for it. */
  function connectClient(now: number): void {
    const sctp = lines.find(({ negotiated }) => negotiated.sctp !== undefined)?.negotiated.sctp;
    if (sctp !== undefined && transport.connected) client.connect(sctp, now);
  }

  function describe(read: ReadOffer, ice: Transport["local"]): void {
    answer = writeAnswer(read, lines, {
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
    client.close();
    transport.close();
    for (const held of [...paths]) release(held);
    for (const ufrag of ufrags) host.removeUfrag(ufrag);
    ufrags.clear();
  }

  const session: Session & { deadline: number } = {
    get answer() {
      return answer;
    },
    get silent() {
      return silent;
    },
    continues: next => connectionOf(next) === connection,
    reoffer(next, now) {
      clock = now;
      stir();
      const same = next.offer.sdp === offer.sdp;
      if (same && JSON.stringify(next.offer.plan) === JSON.stringify(offer.plan)) return answer;
      const { iceRestart } = compareToLast(offer, next);
      lines = decideLines(next, participant, lines, identify);
      ({ offer } = next);
      describe(next, iceRestart ? transport.restart(next.negotiation.transport) : transport.local);
      plane?.apply(lines, now);
      connectClient(now);
      return answer;
    },
    restart: (credentials, now) => session.reoffer(readOffer(restarted(offer, credentials)), now),
    update(next, now) {
      clock = now;
      stir();
      participant = next;
      plane?.update(participant, now);
    },
    handleStun(bytes, offset, length, from, address, port, now) {
      clock = now;
      stir();
      transport.handleStun(bytes, offset, length, from, address, port, now);
    },
    handleDtls(bytes, offset, length, from, now) {
      clock = now;
      stir();
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
      stir();
      client.flush(now);
    },
    // A property, not a getter: it is looked at every 20 ms, in all sessions.
    deadline: 0,
    tick(now) {
      clock = now;
      if (now >= dueAt) {
        transport.tick(now);
        if (closed) return;
        client.tick(now);
        dueAt = Math.min(transport.deadline, client.deadline);
      }
      if (plane !== undefined && now >= plane.deadline) plane.tick(now);
      session.deadline = Math.min(dueAt, plane?.deadline ?? Number.POSITIVE_INFINITY);
    },
    count(tally) {
      transport.count(tally);
      plane?.count(tally);
    },
    close,
  };

  counters["session.opened"]++;
  describe(options.offer, transport.local);
  return session;
}

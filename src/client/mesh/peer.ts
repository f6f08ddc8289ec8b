import type { ReceivedSignal } from "../../protocol/commands.ts";
import type { Participant } from "../../protocol/model.ts";
import type { SignalBody, Surroundings } from "../core/index.ts";
import type { Ice } from "../ice.ts";
import type { IncomingMedia, MediaConnection, MediaHost, OutgoingSource } from "../media-path.ts";
import { createCandidateReceiver, createCandidateSender } from "./candidates.ts";
import { createNegotiation } from "./negotiation.ts";
import { createReceivers } from "./receivers.ts";
import { createRecovery } from "./recovery.ts";
import { createSenders } from "./senders.ts";

/** What a peer needs of its mesh. */
export interface PeerOptions {
  readonly host: MediaHost;
  readonly surroundings: Surroundings;
  /** Our own participant number. */
  readonly number: number;
  readonly participant: Participant;
  readonly ice: Ice;
  /** Whether we have a connection to the room. */
  up(): boolean;
  signal<T extends PeerSignal>(type: T, body: SignalBody<T>): void;
  /** Nothing comes from this peer. */
  silent(): void;
  /** Its media or its state is another. */
  changed(): void;
  failed(error: unknown): void;
}

export type PeerSignal = "peer.description" | "peer.candidates" | "peer.ack";

/** One other participant of a mesh, and the connection to it. */
export interface Peer {
  readonly connection: RTCPeerConnection;
  readonly incoming: ReadonlyMap<number, IncomingMedia>;
  readonly state: MediaConnection;
  sync(participant: Participant, sources: readonly OutgoingSource[]): void;
  receive(signal: ReceivedSignal<PeerSignal>): void;
  /** We have resumed. */
  resumed(): void;
  networkChanged(): void;
  close(): void;
}

/** Connect to one participant. The later comer of the two is the polite one. */
export function createPeer(options: PeerOptions): Peer {
  const { host, surroundings, number, ice } = options;
  const { pid: to } = options.participant;
  const { setTimer } = surroundings;
  const polite = number > options.participant.number;
  const connection = ice.connect(host);
  let participant = options.participant;
  let wasConnected = false;
  let broken = false;
  let closed = false;

  const reachable = (): boolean => options.up() && participant.state === "here";
  const senders = createSenders(connection, host, options.failed);
  const receivers = createReceivers(connection, host, participant.number);
  const remoteCandidates = createCandidateReceiver(connection);
  const localCandidates = createCandidateSender(setTimer, (negotiation, candidates) =>
    options.signal("peer.candidates", { to, negotiation, candidates }),
  );

  const mute = (): void =>
    receivers.mute(source => participant.sources.find(({ number }) => number === source)?.muted === true);

  const negotiation = createNegotiation({
    connection,
    polite,
    prefix: `${number}`,
    reachable,
    setTimer,
    describe: body => options.signal("peer.description", { to, ...body }),
    acknowledge: id => options.signal("peer.ack", { to, negotiation: id }),
    sources: senders.sources,
    async applied({ sources = {} }) {
      receivers.describe(sources);
      mute();
      options.changed();
      await remoteCandidates.described();
    },
    ignored: remoteCandidates.ignore,
    failed(error, final) {
      options.failed(error);
      if (!final) return;
      broken = true;
      close();
      options.changed();
    },
  });

  // Nothing is gathered before the first description of our own.
  if (ice.stale) negotiation.between(() => ice.refresh(connection, "start"));

  const restart = async (): Promise<void> => {
    await ice.refresh(connection, "restart");
    if (!closed) connection.restartIce();
  };

  const recovery = createRecovery({
    connection,
    polite,
    setTimer,
    random: surroundings.random,
    reachable,
    restart: () => void restart().catch(options.failed),
    silent() {
      if (reachable()) options.silent();
    },
  });

  connection.onnegotiationneeded = negotiation.needed;
  connection.onicecandidate = ({ candidate }) => {
    if (candidate?.candidate) localCandidates.add(candidate, negotiation.current);
  };
  connection.oniceconnectionstatechange = recovery.changed;
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === "connected") wasConnected = true;
    options.changed();
  };

  /** Either side is back: what was under way is lost. */
  const back = (): void => {
    if (!reachable()) return;
    negotiation.resend();
    if (connection.connectionState !== "connected") localCandidates.resend();
    recovery.reachable();
  };

  function close(): void {
    if (closed) return;
    closed = true;
    negotiation.close();
    recovery.close();
    localCandidates.close();
    connection.close();
  }

  return {
    connection,
    get incoming() {
      return receivers.incoming;
    },
    get state() {
      if (broken) return "none";
      switch (connection.connectionState) {
        case "connected":
          return "connected";
        case "new":
          return connection.localDescription || connection.remoteDescription ? "connecting" : "none";
        case "connecting":
          return wasConnected ? "interrupted" : "connecting";
        case "closed":
          return "none";
        default:
          return "interrupted";
      }
    },
    sync(now, sources) {
      const before = participant;
      participant = now;
      if (closed) return;
      senders.sync(sources);
      negotiation.changed();
      mute();
      if (before.state !== "here" && now.state === "here") back();
    },
    receive(signal) {
      if (closed) return;
      if (signal.type === "peer.description") negotiation.receive(signal);
      else if (signal.type === "peer.ack") negotiation.acknowledged(signal.negotiation);
      else negotiation.between(() => remoteCandidates.receive(signal.negotiation, signal.candidates));
    },
    resumed: back,
    networkChanged: recovery.networkChanged,
    close,
  };
}

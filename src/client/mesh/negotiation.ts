/**
 * Perfect negotiation (W3C webrtc-pc §10.7) over a channel that loses messages.
 *
 * Either side may offer at any time; when offers cross, the polite side takes its own back. To that pattern this adds what
 * a lossy channel needs. Every description has an id, an answer that of its offer, and is acknowledged; what is not
 * acknowledged goes out again, so each is received at least once and, by its id, applied once. And an impolite peer that
 * ignores an offer because its own is out soon sends its own again unless that is acknowledged: else one lost offer would
 * leave both waiting for ever.
 * @module
 */
import type { ReceivedSignal } from "../../protocol/commands.ts";
import type { SignalBody } from "../core/index.ts";

/** First wait for an acknowledgement, in ms; it doubles up to the second. */
const PATIENCE = 2_000;
const PATIENCE_MAX = 16_000;
/** The same once the peer is known to wait for an answer to its own offer. */
const CROSSING = 300;
/** Descriptions in a row that could not be applied; after that the two cannot talk. */
const FAILURES = 3;

type Description = Omit<ReceivedSignal<"peer.description">, "type" | "from">;

export interface NegotiationOptions {
  readonly connection: RTCPeerConnection;
  readonly polite: boolean;
  /** Begins our negotiation ids; the other side's must be another. */
  readonly prefix: string;
  /** Whether a message sent now has a chance to arrive. */
  reachable(): boolean;
  setTimer(callback: () => void, ms: number): () => void;
  describe(body: Omit<SignalBody<"peer.description">, "to">): void;
  acknowledge(negotiation: string): void;
  /** Which source each m-line of ours carries. */
  sources(): Record<string, number>;
  /** A remote description has been set. The next step waits for it. */
  applied(description: Description): Promise<void>;
  /** An offer was ignored: its candidates are for nothing. */
  ignored(negotiation: string): void;
  /** A description could not be applied. `final`: no more are tried. */
  failed(error: unknown, final: boolean): void;
}

export interface Negotiation {
  /** Id of the local description whose candidates are gathered now. */
  readonly current: string;
  /** The connection's `negotiationneeded`. */
  needed(): void;
  receive(description: Description): void;
  acknowledged(negotiation: string): void;
  /** Either side has resumed: whatever is unanswered may have been lost. */
  resend(): void;
  /** Do `work` between negotiation steps. */
  between(work: () => Promise<void>): void;
  /** {@link NegotiationOptions.sources} may be others: a line can change its source without the browser wanting an offer. */
  changed(): void;
  close(): void;
}

interface Sent {
  readonly id: string;
  readonly type: "offer" | "answer";
  acknowledged: boolean;
}

/** Negotiate one connection. */
export function createNegotiation(options: NegotiationOptions): Negotiation {
  const { connection, polite } = options;
  let offer: Sent | undefined;
  let answer: Sent | undefined;
  let current = "";
  let count = 0;
  let failures = 0;
  let closed = false;
  // The sources that our last description named.
  let told: string | undefined;
  let patience = PATIENCE;
  let cancel = (): void => {};
  // Steps run one after the other, so that each sees the signaling state that the one before has left.
  let steps = Promise.resolve();

  const between = (work: () => Promise<void>): void => {
    steps = steps.then(async () => {
      if (closed) return;
      try {
        await work();
        if (told !== undefined && told !== JSON.stringify(options.sources())) await makeOffer();
      } catch (error) {
        if (!closed) await recover(error);
      }
    });
  };

  const recover = async (error: unknown): Promise<void> => {
    const final = ++failures >= FAILURES;
    const { signalingState } = connection;
    const rollback = { type: "rollback" } as const;
    try {
      if (signalingState === "have-remote-offer") await connection.setRemoteDescription(rollback);
      else if (signalingState === "have-local-offer") await connection.setLocalDescription(rollback);
    } catch {
      // The first error says more.
    }
    offer = undefined;
    options.failed(error, final);
  };

  const send = (sent: Sent): void => {
    const description = sent.type === "offer" ? connection.pendingLocalDescription : connection.currentLocalDescription;
    // An offer is pending, an answer has become current; both carry the candidates gathered so far.
    if (!description || description.type !== sent.type) return;
    const { id, type } = sent;
    const sources = options.sources();
    told = JSON.stringify(sources);
    options.describe({ negotiation: id, description: { type, sdp: description.sdp }, sources });
    watch();
  };

  const unacknowledged = (): Sent[] =>
    [answer, offer].filter(sent => sent !== undefined && !sent.acknowledged) as Sent[];

  /** Send again in a while, unless acknowledgements come. */
  const watch = (): void => {
    cancel();
    if (closed || unacknowledged().length === 0) return;
    cancel = options.setTimer(() => {
      patience = Math.min(2 * patience, PATIENCE_MAX);
      if (options.reachable()) for (const sent of unacknowledged()) send(sent);
      watch();
    }, patience);
  };

  const settle = (sent: Sent | undefined): void => {
    if (sent) sent.acknowledged = true;
    patience = PATIENCE;
    watch();
  };

  const makeOffer = async (): Promise<void> => {
    // Otherwise the browser asks again when the state is stable.
    if (connection.signalingState !== "stable") return;
    await connection.setLocalDescription();
    if (closed || connection.pendingLocalDescription?.type !== "offer") return;
    offer = { id: `${options.prefix}.${++count}`, type: "offer", acknowledged: false };
    current = offer.id;
    send(offer);
  };

  const takeAnswer = async (description: Description): Promise<void> => {
    options.acknowledge(description.negotiation);
    if (offer?.id !== description.negotiation) return;
    await connection.setRemoteDescription(description.description as RTCSessionDescriptionInit);
    offer = undefined;
    failures = 0;
    // It would not answer a later offer before it had our answer to its own.
    settle(answer);
    await options.applied(description);
  };

  const takeOffer = async (description: Description): Promise<void> => {
    const { negotiation } = description;
    if (answer?.id === negotiation) {
      send(answer);
      return;
    }
    if (connection.signalingState !== "stable" && !polite) {
      options.ignored(negotiation);
      // When offers merely cross, the acknowledgement of ours is under way.
      patience = CROSSING;
      watch();
      return;
    }
    options.acknowledge(negotiation);
    await connection.setRemoteDescription(description.description as RTCSessionDescriptionInit);
    offer = undefined;
    await options.applied(description);
    await connection.setLocalDescription();
    if (closed) return;
    answer = { id: negotiation, type: "answer", acknowledged: false };
    current = negotiation;
    failures = 0;
    send(answer);
  };

  return {
    get current() {
      return current;
    },
    needed: () => between(makeOffer),
    receive(description) {
      const { type } = description.description;
      if (type === "answer") between(() => takeAnswer(description));
      else if (type === "offer") between(() => takeOffer(description));
    },
    acknowledged(negotiation) {
      if (negotiation === offer?.id) settle(offer);
      else if (negotiation === answer?.id) settle(answer);
    },
    resend() {
      patience = PATIENCE;
      between(async () => {
        if (answer && !answer.acknowledged) send(answer);
        if (offer) send(offer);
      });
    },
    between,
    changed: () => between(async () => {}),
    close() {
      closed = true;
      cancel();
    },
  };
}

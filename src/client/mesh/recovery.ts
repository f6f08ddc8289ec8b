/**
 * When to restart ICE: as soon as the network is another one, without waiting for failure; and when the path is
 * interrupted or lost, again and again ever slower.
 * @module
 */

/** An interruption may heal by itself; the impolite side moves first, so that the two don't cross. */
const INTERRUPTED = { impolite: 500, polite: 2_000 };
const RETRY = 4_000;
const RETRY_MAX = 30_000;
/** How long an interruption lasts before the room is asked whether the peer is still there, and how often. */
const SILENCE = 4_000;

export interface RecoveryOptions {
  readonly connection: RTCPeerConnection;
  readonly polite: boolean;
  setTimer(callback: () => void, ms: number): () => void;
  random(): number;
  /** Whether an offer made now has a chance to arrive. */
  reachable(): boolean;
  /** Restart ICE, with fresh servers. */
  restart(): void;
  /** Nothing has come from the peer for a while, though it was connected. */
  silent(): void;
}

export interface Recovery {
  /** The connection's `iceconnectionstatechange`. */
  changed(): void;
  networkChanged(): void;
  /** The peer can be reached again. */
  reachable(): void;
  close(): void;
}

/** Decide on restarts for one connection. */
export function createRecovery(options: RecoveryOptions): Recovery {
  const { connection, polite } = options;
  let wasConnected = false;
  let attempts = 0;
  // A restart that waits for the peer to be reachable.
  let owed = false;
  let cancelRestart: (() => void) | undefined;
  let cancelSilence: (() => void) | undefined;

  const ailing = (): boolean =>
    connection.iceConnectionState === "disconnected" || connection.iceConnectionState === "failed";

  const stop = (): void => {
    cancelRestart?.();
    cancelSilence?.();
    cancelRestart = cancelSilence = undefined;
  };

  const restart = (): void => {
    cancelRestart?.();
    owed = !options.reachable();
    if (owed) {
      cancelRestart = undefined;
      return;
    }
    const delay = Math.min(RETRY * 2 ** attempts, RETRY_MAX);
    // Jitter keeps the two sides from crossing every time.
    cancelRestart = options.setTimer(check, delay * (0.75 + options.random() / 2));
    // With an offer out, its answer has to come first.
    if (connection.signalingState !== "stable") return;
    attempts++;
    options.restart();
  };

  const check = (): void => {
    cancelRestart = undefined;
    if (ailing() || (attempts > 0 && connection.iceConnectionState === "checking")) restart();
    else attempts = 0;
  };

  const listen = (): void => {
    cancelSilence = options.setTimer(() => {
      options.silent();
      listen();
    }, SILENCE);
  };

  return {
    changed() {
      const state = connection.iceConnectionState;
      if (state === "connected" || state === "completed") {
        wasConnected = true;
        attempts = 0;
        owed = false;
        stop();
        return;
      }
      if (!ailing()) return;
      if (wasConnected && !cancelSilence) listen();
      const wait = state === "failed" ? 0 : INTERRUPTED[polite ? "polite" : "impolite"];
      cancelRestart ??= options.setTimer(check, wait);
    },
    networkChanged() {
      // Before anything was negotiated there is nothing to restart.
      if (connection.remoteDescription) restart();
    },
    reachable() {
      if (owed || ailing()) restart();
    },
    close: stop,
  };
}

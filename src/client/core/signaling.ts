/**
 * One participant's place in a room, over however many sockets it takes.
 * @module
 */
import type { ClientFrameInput, ReceivedSignal, SignalType } from "../../protocol/commands.ts";
import { TandemError } from "../../protocol/errors.ts";
import type { EventType, RoomEvent } from "../../protocol/events.ts";
import type { ErrorFrame, Replay, Snapshot, Welcome } from "../../protocol/frames.ts";
import { abortable } from "./abort.ts";
import { roomOfToken, socketUrl } from "./address.ts";
import { createConnection } from "./connection/connection.ts";
import { createCredentials, type TokenSource } from "./credentials.ts";
import { createEmitter, type Emitter } from "./emitter.ts";
import { errorOf, type Failure, failureOf } from "./failure.ts";
import type { RoomModel, Status } from "./model.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { type ControlFrame, parseFrame } from "./parse.ts";
import { createReplica } from "./replica.ts";
import type { Store } from "./store.ts";
import type { Surroundings } from "./surroundings.ts";

/** How long a first join goes on against a server that can't be reached. */
const JOIN_PATIENCE = 15_000;
/** How long leaving waits for the room's word. */
const LEAVE_PATIENCE = 2_000;
/** Unsent bytes in the socket beyond which signals are refused. */
const BUFFER = 1024 * 1024;
/** Signals whose errors are waited for; the oldest are forgotten, for most never have one. */
const REPORTED = 256;

export interface SignalingOptions {
  /** Origin of the edge. */
  readonly url: string;
  readonly token: TokenSource;
  /** Default: the room that the token names. */
  readonly room?: string | undefined;
  readonly surroundings: Surroundings;
  /** Gives the join up; once joined, leaves. */
  readonly signal?: AbortSignal | undefined;
}

/** Events of the room as they happen, signals, and what concerns this participant's own place in the room. */
export type SignalingEvents = { [T in EventType]: RoomEvent<T> } & { [T in SignalType]: ReceivedSignal<T> } & {
  status: Status;
  /** Something failed that no promise tells. */
  error: TandemError;
  /** In step with the room, again. `fresh`: as a new participant; what the old one had is gone. */
  synced: { fresh: boolean };
};

/** A signal's fields, without its type. */
export type SignalBody<T extends SignalType> = Omit<ClientFrameInput<T>, "type" | "id">;

export interface Signaling {
  readonly store: Store<RoomModel>;
  readonly on: Emitter<SignalingEvents>["on"];
  /** See {@link Outbox.command}. */
  readonly command: Outbox["command"];
  /** Send a signal, at most once; false if it can't leave now. Errors that answer it come as `error` if `report` is set. */
  signal<T extends SignalType>(type: T, body: SignalBody<T>, options?: { report?: boolean }): boolean;
  /** Tell listeners of `error` about what went wrong above. */
  report(error: TandemError): void;
  /** Leave the room and close; idempotent, never rejects. */
  leave(): Promise<void>;
}

/**
 * Join a room. Resolves with the first complete snapshot; from then on the connection comes back by itself until the room
 * or the application ends it.
 * @throws TandemError the room's refusal; `unreachable` if there was no server for 15 s. What `token()` and `signal` throw
 */
export async function connect(options: SignalingOptions): Promise<Signaling> {
  const { surroundings, signal } = options;
  const credentials = createCredentials(options.token);
  const token = await abortable(credentials.token(), signal);
  const room = options.room ?? roomOfToken(token);

  const joined = Promise.withResolvers<Signaling>();
  const emitter = createEmitter<SignalingEvents>();
  const started = surroundings.now();
  // Whether the room has welcomed us on the socket there is.
  let up = false;
  let leaving: Promise<void> | undefined;
  // Ids of signals whose errors the application wants to hear of.
  const reported = new Set<number>();

  const replica = createReplica(event => emitter.emit(event.type, event as never));
  const outbox = createOutbox(text => up && connection.send(text));
  const connection = createConnection(socketUrl(options.url, room), surroundings, {
    protocols: credentials.protocols,
    greeting: () =>
      JSON.stringify({ type: "hello", features: [], resume: credentials.resuming ? replica.position : undefined }),
    message: receive,
    lost,
  });

  const unwatch = surroundings.watch(change => {
    // The others need not wait for the grace to end.
    if (change === "unload" && up) outbox.command("leave", {}).catch(() => {});
  });

  function lost(failure: Failure): "retry" | "close" {
    up = false;
    if (leaving) return "close";
    if (failure.code === "resume-refused" && credentials.resuming) credentials.refused();
    else if (!mayRetry(failure)) {
      finish(failure);
      return "close";
    }
    setStatus("reconnecting");
    return "retry";
  }

  function mayRetry({ code, retryable }: Failure): boolean {
    if (replica.store) return retryable;
    const patient = surroundings.now() - started < JOIN_PATIENCE;
    return patient && (code === "unreachable" || code === "going-away");
  }

  function setStatus(status: Status, failure?: Failure): void {
    if (replica.status(status, failure)) emitter.emit("status", status);
  }

  /** The end, for `failure` or because the application wants it. */
  function finish(failure?: Failure): void {
    up = false;
    unwatch();
    signal?.removeEventListener("abort", abort);
    const error = failure ? errorOf(failure) : new TandemError("wrong-state", "left the room");
    outbox.close(error);
    joined.reject(error);
    setStatus("closed", failure);
    if (failure) emitter.emit("error", error);
  }

  /** The room broke the contract: there is nothing to go on with. */
  function broken(detail: string): void {
    connection.close(4401);
    finish(failureOf("bad-frame", detail));
  }

  function receive(text: string): void {
    const read = parseFrame(text);
    if (read.kind === "control") control(read.frame);
    else if (read.kind === "event") replica.apply(read.frame);
    else if (read.kind === "signal") emitter.emit(read.frame.type, read.frame as never);
    else if (read.kind === "invalid") {
      if (read.of === "control") broken(read.detail);
      else emitter.emit("error", new TandemError("bad-frame", read.detail));
    }
  }

  function control(frame: ControlFrame): void {
    if (frame.type === "welcome") welcome(frame);
    else if (frame.type === "ok") outbox.ok(frame.id, frame.result);
    else if (frame.type === "error") problem(frame);
    else page(frame);
  }

  function welcome(frame: Welcome): void {
    credentials.admitted(frame.resume);
    connection.welcomed(frame.ping);
    up = true;
    if (replica.welcome(frame) === "resumed") outbox.resume();
    else {
      reported.clear();
      outbox.restart();
    }
  }

  function page(frame: Snapshot | Replay): void {
    const progress = replica.page(frame);
    if (progress === "broken") broken(`${frame.type} page ${frame.part}`);
    if (progress === "broken" || progress === "more") return;
    setStatus("connected");
    joined.resolve(signaling);
    emitter.emit("synced", { fresh: progress === "fresh" });
  }

  function problem(frame: ErrorFrame): void {
    if (frame.id === undefined) {
      connection.explain(frame);
      if (!frame.retryable) return;
    } else if (outbox.error(frame.id, errorOf(frame)) || !reported.delete(frame.id)) return;
    emitter.emit("error", errorOf(frame));
  }

  function leave(): Promise<void> {
    leaving ??= (async () => {
      if (up) {
        const answered = outbox.command("leave", {}).catch(() => {});
        const patience = Promise.withResolvers<void>();
        const cancel = surroundings.setTimer(patience.resolve, LEAVE_PATIENCE);
        await Promise.race([answered, patience.promise]);
        cancel();
      }
      connection.close();
      finish();
    })();
    return leaving;
  }

  function abort(): void {
    joined.reject(signal?.reason);
    void leave();
  }

  const signaling: Signaling = {
    get store() {
      // Nobody holds this object before the first snapshot.
      return replica.store as Store<RoomModel>;
    },
    on: emitter.on,
    command: outbox.command,
    signal(type, body, { report = false } = {}) {
      if (!up || connection.buffered > BUFFER) return false;
      const id = outbox.nextId();
      if (report) reported.add(id);
      const [oldest] = reported;
      if (reported.size > REPORTED && oldest !== undefined) reported.delete(oldest);
      return connection.send(JSON.stringify({ type, id, ...body }));
    },
    report: error => emitter.emit("error", error),
    leave,
  };

  signal?.addEventListener("abort", abort, { once: true });
  connection.open();
  return joined.promise;
}

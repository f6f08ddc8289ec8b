import { type ReadonlySignal, signal } from "@preact/signals";
import * as v from "valibot";
import { isErrorCode, Problem, TandemError } from "../../protocol/errors.ts";
import { IceServers } from "../../protocol/rest.ts";

/** What a player can say of itself. */
export type PlayerState =
  | { readonly status: "connecting" }
  /** Connected, and nothing comes. */
  | { readonly status: "waiting" }
  | { readonly status: "live" }
  | { readonly status: "failed"; readonly error: unknown };

/** Plays a room without joining the call. */
export interface Player {
  readonly state: ReadonlySignal<PlayerState>;
  readonly stream: ReadonlySignal<MediaStream | undefined>;
  close(): void;
}

export interface PlayerOptions {
  /** WHEP endpoint. */
  readonly endpoint: string;
  readonly room: string;
  /** Asked anew for each attempt. */
  readonly token: () => Promise<string>;
}

/** Milliseconds: between attempts, at most; how long a break may mend itself; how often it is looked whether anything comes. */
const PAUSE = 10_000;
const PATIENCE = 5_000;
const LOOK = 1_000;

async function failureOf(response: Response): Promise<TandemError> {
  const problem = v.safeParse(Problem, await response.json().catch(() => undefined));
  if (problem.success && isErrorCode(problem.output.code)) {
    return new TandemError(problem.output.code, problem.output.detail);
  }
  return new TandemError(response.status === 429 ? "rate-limited" : "internal");
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, credentials: "omit", cache: "no-store" }).catch(cause => {
    throw init.signal?.aborted ? cause : new TandemError("unreachable");
  });
  if (!response.ok) throw await failureOf(response);
  return response;
}

/** Bytes of media that have come so far. */
async function received(connection: RTCPeerConnection): Promise<number> {
  let bytes = 0;
  for (const report of (await connection.getStats()).values()) {
    if (report.type === "inbound-rtp") bytes += report.bytesReceived ?? 0;
  }
  return bytes;
}

/** Starts playing, and goes on through breaks until it is closed or the edge says that it is of no use. */
export function createPlayer({ endpoint, room, token }: PlayerOptions): Player {
  const state = signal<PlayerState>({ status: "connecting" });
  const stream = signal<MediaStream | undefined>(undefined);
  const gone = new AbortController();

  const offer = async (connection: RTCPeerConnection, authorization: string): Promise<string> => {
    for (const kind of ["audio", "video"]) connection.addTransceiver(kind, { direction: "recvonly" });
    connection.ontrack = ({ streams: [first] }) => {
      stream.value = first;
    };
    await connection.setLocalDescription();
    const headers = { authorization, "content-type": "application/sdp" };
    const body = connection.localDescription?.sdp ?? "";
    const response = await ask(endpoint, { method: "POST", headers, body, signal: gone.signal });
    await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
    return new URL(response.headers.get("location") ?? "", new URL(endpoint, location.href)).href;
  };

  /** Resolves when the connection is over, for good or for too long. */
  const watch = (connection: RTCPeerConnection): Promise<void> =>
    new Promise(resolve => {
      let before = 0;
      let broken = 0;
      const look = async (): Promise<void> => {
        const bytes = await received(connection);
        if (connection.connectionState === "connected") {
          broken = 0;
          state.value = { status: bytes > before ? "live" : "waiting" };
        } else broken += LOOK;
        before = bytes;
        if (broken >= PATIENCE || connection.connectionState === "failed") end();
      };
      const timer = setInterval(() => void look(), LOOK);
      const end = (): void => {
        clearInterval(timer);
        resolve();
      };
      if (gone.signal.aborted) end();
      gone.signal.addEventListener("abort", end);
    });

  const play = async (): Promise<void> => {
    const authorization = `Bearer ${await token()}`;
    const servers = await ask(`/v1/ice-servers?${new URLSearchParams({ room })}`, {
      headers: { authorization },
      signal: gone.signal,
    });
    const { iceServers } = v.parse(IceServers, await servers.json());
    const connection = new RTCPeerConnection({ iceServers: iceServers as RTCIceServer[], bundlePolicy: "max-bundle" });
    try {
      const session = await offer(connection, authorization);
      await watch(connection);
      // Also when the page goes: the request outlives it.
      await fetch(session, { method: "DELETE", headers: { authorization }, keepalive: true }).catch(() => undefined);
    } finally {
      connection.close();
    }
  };

  const pause = (milliseconds: number): Promise<void> =>
    new Promise(resolve => {
      setTimeout(resolve, milliseconds);
      gone.signal.addEventListener("abort", () => resolve());
    });

  const run = async (): Promise<void> => {
    for (let wait = 500; !gone.signal.aborted; wait = Math.min(PAUSE, wait * 2)) {
      try {
        await play();
        wait = 500;
      } catch (error) {
        if (gone.signal.aborted) return;
        if (!(error instanceof TandemError) || !error.retryable) {
          state.value = { status: "failed", error };
          return;
        }
      }
      if (gone.signal.aborted) return;
      state.value = { status: "connecting" };
      await pause(wait);
    }
  };

  void run();
  return { state, stream, close: () => gone.abort() };
}

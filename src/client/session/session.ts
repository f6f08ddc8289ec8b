/**
 * Media by a media node: one offer, one answer, then sources move between slots without another word of SDP. A further offer is made
 * only for a further kind of line, and to restart ICE when the network is another one.
 * @module
 */
import * as v from "valibot";
import { type ClientMediaInput, NODE_MEDIA } from "../../protocol/media.ts";
import type { SessionAnswer, SessionOffer } from "../../protocol/session.ts";
import { MEDIA_PROTOCOL } from "../../protocol/version.ts";
import type { Surroundings } from "../core/index.ts";
import type { Ice, IceUse } from "../ice.ts";
import type { MediaConnection, MediaHost, MediaPath } from "../media-path.ts";
import { createLines } from "./lines.ts";
import { createSlots } from "./slots.ts";
import { createWatchdog } from "./watchdog.ts";

/** Pause before an offer that failed is made again, in ms. */
const RETRY = 1_000;

export type Wishes = Extract<ClientMediaInput, { type: "wishes" }>["videos"];

export interface SessionOptions {
  readonly host: MediaHost;
  readonly surroundings: Surroundings;
  readonly ice: Ice;
  /** Have the node answer, through the room. */
  offer(offer: SessionOffer): Promise<SessionAnswer>;
  /** Nothing comes from the node. */
  silent(): void;
  /** What comes, or the connection's state, has changed. */
  changed(): void;
  failed(error: unknown): void;
}

/** How to hear the others; null: as the room's topology has it. */
export type Listening = Extract<ClientMediaInput, { type: "listen" }>["to"];

export interface Session extends MediaPath {
  /** Say what is to be seen, best first; null: whoever speaks. */
  wish(videos: Wishes): void;
  listen(to: Listening): void;
  /** Numbers of the participants who speak, as the node hears them, loudest first. */
  readonly speakers: readonly number[];
}

const STATES: Partial<Record<RTCPeerConnectionState, MediaConnection>> = {
  connected: "connected",
  disconnected: "interrupted",
  failed: "interrupted",
};

const messages: Readonly<Record<string, v.GenericSchema>> = NODE_MEDIA;

/** Open a session; it offers at once. */
export function createSession({ host, surroundings, ice, ...options }: SessionOptions): Session {
  const connection = ice.connect(host);
  const channel = connection.createDataChannel(MEDIA_PROTOCOL, { negotiated: true, id: 0 });
  const lines = createLines(connection, options.failed);
  const slots = createSlots(lines.slot, host, surroundings, options.changed);
  const watchdog = createWatchdog(
    () => lines.anyReceiver,
    () => connection.connectionState === "connected",
    surroundings,
    options.silent,
  );
  let closed = false;
  let offering = false;
  let again = false;
  let wishes: Wishes = null;
  let listening: Listening = null;
  let speakers: readonly number[] = [];

  const say = (message: ClientMediaInput): void => {
    if (channel.readyState === "open") channel.send(JSON.stringify(message));
  };

  // How ICE begins with the next offer; undefined: it goes on, and other servers would only make it begin.
  let begins: IceUse | undefined = "start";

  /** Offer, or offer once more when the offer under way is answered. */
  const negotiate = async (): Promise<void> => {
    again = true;
    if (offering) return;
    offering = true;
    while (again && !closed) {
      again = false;
      try {
        if (begins) await ice.refresh(connection, begins);
        if (closed) break;
        await connection.setLocalDescription(await connection.createOffer());
        const { sdp } = connection.localDescription as RTCSessionDescription;
        const answer = await options.offer({ sdp, plan: lines.plan() });
        if (closed) break;
        await connection.setRemoteDescription({ type: "answer", sdp: answer.sdp });
        if (!again) begins = undefined;
      } catch (error) {
        if (closed) break;
        options.failed(error);
        if (connection.signalingState === "have-local-offer")
          await connection.setLocalDescription({ type: "rollback" });
        await new Promise<void>(resolve => surroundings.setTimer(resolve, RETRY));
        again = true;
      }
    }
    offering = false;
  };

  const restart = (use: IceUse): void => {
    begins = use;
    connection.restartIce();
    void negotiate();
  };

  function close(): void {
    if (closed) return;
    closed = true;
    watchdog.close();
    slots.close();
    connection.close();
  }

  channel.onopen = () => {
    say({ type: "hello", features: [] });
    if (wishes) say({ type: "wishes", videos: wishes });
    if (listening) say({ type: "listen", to: listening });
  };
  channel.onmessage = ({ data }) => {
    const raw = JSON.parse(String(data)) as { type?: string };
    const schema = messages[String(raw.type)];
    const parsed = schema && v.safeParse(schema, raw);
    if (!parsed?.success) return;
    if (raw.type === "slots") slots.map(parsed.output as v.InferOutput<(typeof NODE_MEDIA)["slots"]>);
    if (raw.type !== "speakers") return;
    speakers = (parsed.output as v.InferOutput<(typeof NODE_MEDIA)["speakers"]>).participants;
    options.changed();
  };
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === "failed") {
      options.silent();
      restart("restart");
    }
    options.changed();
  };
  void negotiate();

  return {
    sync({ sources }) {
      if (lines.sync(sources)) void negotiate();
    },
    get incoming() {
      return slots.incoming;
    },
    withheld: slots.withheld,
    get speakers() {
      return speakers;
    },
    connectionTo: () => STATES[connection.connectionState] ?? "connecting",
    get connections() {
      return closed ? [] : [{ pid: undefined, connection }];
    },
    wish(videos) {
      wishes = videos;
      say({ type: "wishes", videos });
    },
    listen(to) {
      listening = to;
      say({ type: "listen", to });
    },
    receive() {},
    resumed() {},
    networkChanged: () => restart("start"),
    retire: close,
    close,
  };
}

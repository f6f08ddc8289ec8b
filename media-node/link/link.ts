/**
 * The control connection from this node to the edge: dials, says hello, sends the inventory, then carries commands in and
 * events out. Reconnects for ever. Losing it ends no call: rooms run on, and both sides reconcile on return.
 * @module
 */
import * as v from "valibot";
import {
  type Assignment,
  type BotEntrance,
  ERRORS,
  errorOfClose,
  type HlsPlace,
  isErrorCode,
  LINK_COMMANDS,
  LINK_FRAMES,
  type LinkCommand,
  type LinkFrame,
  NODE_COMMANDS,
  type NodeCommand,
  type NodeFrame,
  PING,
  PONG,
  type RtmpEntrance,
  TandemError,
} from "../../src/protocol/index.ts";
import type { Log } from "../log.ts";
import { type Backoff, createBackoff } from "./backoff.ts";
import type { LinkSocket, Surroundings } from "./surroundings.ts";

type Frame<T extends NodeFrame["type"]> = Extract<NodeFrame, { type: T }>;
type InventoryRoom = Frame<"inventory">["rooms"][number];
type Reported = Frame<
  | "session"
  | "lost"
  | "trunk.state"
  | "call.incoming"
  | "call.digits"
  | "call.state"
  | "call.transfer-wanted"
  | "call.video"
  | "call.transfer-state"
>;

/** Periods in milliseconds. */
const TIMES = { ping: 10_000, pong: 5_000, load: 5_000, welcome: 10_000, refused: 60_000 } as const;
/** Sessions named in one inventory frame, which keeps it well under the frame limit. */
const SESSIONS_PER_PAGE = 2_000;

/** The node behind the link. */
export interface LinkHost {
  hello(): Omit<Frame<"hello">, "type">;
  load(): Omit<Frame<"load">, "type">;
  inventory(): readonly InventoryRoom[];
  /** Let go of every room that is not among these. */
  keep(assignments: readonly Assignment[]): void;
  /** Carry out a command; a {@link TandemError} is reported by its code, anything else as `internal`. */
  execute(command: LinkCommand): Promise<{
    readonly answer?: { readonly sdp: string };
    readonly bot?: BotEntrance;
    readonly hls?: HlsPlace;
    readonly rtmp?: RtmpEntrance;
    readonly turn?: readonly string[];
  }>;
  /** The same for a command to the node itself. */
  obey(command: NodeCommand): Promise<void>;
  /** The calls that it has; absent where it speaks no SIP. */
  calls?(): readonly string[];
  /** The edge took us, and gave us secrets. */
  welcomed(frame: Extract<LinkFrame, { type: "welcome" }>): void;
}

export interface LinkOptions {
  /** Origin of the edge. */
  readonly edge: string;
  /** Subprotocols of a dial, with a fresh token. */
  readonly protocols: () => Promise<readonly string[]>;
  readonly host: LinkHost;
  readonly surroundings: Surroundings;
  readonly log: Log;
  readonly backoff?: Backoff;
}

export interface Link {
  readonly connected: boolean;
  /** Report a session's state, a lost room, or what calls do; while the link is down the inventory tells instead. */
  report(frame: Reported): void;
  /** Tell the load now rather than at the next period, e.g. when draining begins. */
  reportLoad(): void;
  close(): void;
}

const frames: Readonly<Record<string, v.GenericSchema>> = LINK_FRAMES;
const commands: Readonly<Record<string, v.GenericSchema>> = { ...LINK_COMMANDS, ...NODE_COMMANDS };

/** Cut an inventory into frames. */
export function inventoryPages(rooms: readonly InventoryRoom[]): Frame<"inventory">[] {
  const pages: InventoryRoom[][] = [[]];
  let weight = 0;
  for (const room of rooms) {
    if (weight > 0 && weight + room.sessions.length + 8 > SESSIONS_PER_PAGE) {
      pages.push([]);
      weight = 0;
    }
    pages.at(-1)?.push(room);
    weight += room.sessions.length + 8;
  }
  return pages.map((page, part) => ({ type: "inventory", part, last: part === pages.length - 1, rooms: page }));
}

/** Dial the edge, and go on until closed. */
export function createLink({ edge, protocols, host, surroundings, log, backoff = createBackoff() }: LinkOptions): Link {
  const url = `${edge.replace(/^http/, "ws")}/v1/nodes/connect`;
  let socket: LinkSocket | undefined;
  let welcomed = false;
  let closed = false;
  let kept: Assignment[] = [];
  const timers = new Map<string, () => void>();

  const after = (name: string, ms: number, callback: () => void): void => {
    timers.get(name)?.();
    timers.set(name, surroundings.after(ms, callback));
  };
  const clear = (): void => {
    for (const cancel of timers.values()) cancel();
    timers.clear();
  };
  const send = (frame: NodeFrame): void => socket?.send(JSON.stringify(frame));

  const tellLoad = (): void => {
    if (welcomed) send({ type: "load", ...host.load() });
    after("load", TIMES.load, tellLoad);
  };
  const ping = (): void => {
    socket?.send(PING);
    after("pong", TIMES.pong, () => lost("no answer to a ping"));
    after("ping", TIMES.ping, ping);
  };

  const carryOut = async (command: LinkCommand | NodeCommand): Promise<void> => {
    const on = socket;
    let reply: NodeFrame;
    try {
      if (command.type in NODE_COMMANDS) {
        await host.obey(command as NodeCommand);
        reply = { type: "done", id: command.id };
      } else {
        const { turn, ...result } = await host.execute(command as LinkCommand);
        reply = { type: "done", id: command.id, ...result, ...(turn && { turn: [...turn] }) };
      }
    } catch (error) {
      const known = error instanceof TandemError ? error : undefined;
      const room = "room" in command ? { room: command.room } : {};
      if (!known) log.error("command failed", { type: command.type, ...room, error: String(error) });
      reply = { type: "failed", id: command.id, code: known?.code ?? "internal" };
      if (known?.detail !== undefined) reply.detail = known.detail.slice(0, 1_024);
    }
    // An answer belongs to the link that asked.
    if (on === socket) send(reply);
  };

  const receive = (text: string): void => {
    if (text === PONG) {
      timers.get("pong")?.();
      timers.delete("pong");
      return;
    }
    let raw: { type?: unknown; id?: unknown };
    try {
      raw = JSON.parse(text) as typeof raw;
    } catch {
      log.warn("the edge sent no JSON", {});
      return;
    }
    const type = String(raw.type);
    const schema = frames[type] ?? commands[type];
    if (!schema) {
      // A newer edge: an unknown frame is ignored, an unknown command is answered.
      if (typeof raw.id === "number") send({ type: "failed", id: raw.id, code: "unknown-command" });
      return;
    }
    const parsed = v.safeParse(schema, raw);
    if (!parsed.success) {
      log.warn("the edge sent a frame that does not fit", { type });
      if (typeof raw.id === "number") send({ type: "failed", id: raw.id, code: "bad-request" });
      return;
    }
    if (type in commands) return void carryOut(parsed.output as LinkCommand | NodeCommand);
    const frame = parsed.output as LinkFrame;
    if (frame.type === "welcome") {
      welcomed = true;
      backoff.reset();
      timers.get("welcome")?.();
      log.info("linked", { node: frame.node, edge });
      host.welcomed(frame);
      kept = [];
      for (const page of inventoryPages(host.inventory())) send(page);
      if (host.calls) send({ type: "calls", calls: [...host.calls()] });
      after("load", TIMES.load, tellLoad);
      after("ping", TIMES.ping, ping);
    } else if (frame.type === "keep") {
      kept.push(...frame.rooms);
      if (frame.last) host.keep(kept.splice(0));
    } else {
      log.warn("the edge refused", { code: frame.code, why: frame.message });
      if (isErrorCode(frame.code) && !ERRORS[frame.code].retryable) lost(frame.code, TIMES.refused);
    }
  };

  const lost = (reason: string, wait?: number): void => {
    if (closed) return;
    const was = socket;
    socket = undefined;
    clear();
    was?.close(1000);
    const ms = wait ?? backoff.next();
    if (welcomed || wait !== undefined) log.warn("link lost", { reason, again: ms });
    welcomed = false;
    after("dial", ms, dial);
  };

  const dial = (): void => {
    protocols().then(
      offered => {
        if (closed) return;
        const opened: LinkSocket = surroundings.openSocket(url, offered, {
          open: () => {
            if (socket === opened) send({ type: "hello", ...host.hello() });
          },
          message: text => {
            if (socket === opened) receive(text);
          },
          closed: code => {
            if (socket !== opened) return;
            const refused = errorOfClose(code);
            lost(refused ?? `closed ${code}`, refused && !ERRORS[refused].retryable ? TIMES.refused : undefined);
          },
        });
        socket = opened;
        after("welcome", TIMES.welcome, () => lost("no welcome"));
      },
      error => lost(String(error)),
    );
  };

  dial();
  return {
    get connected() {
      return welcomed;
    },
    report(frame) {
      if (welcomed) send(frame);
    },
    reportLoad: tellLoad,
    close() {
      if (closed) return;
      closed = true;
      clear();
      socket?.close(1000);
      socket = undefined;
    },
  };
}

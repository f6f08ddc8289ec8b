/**
 * `MediaNode`: one per media node, at the edge's end of its link. Rooms send commands through it; what the node reports goes to
 * the rooms it concerns. It may stay awake; a room may not.
 * @module
 */
import { DurableObject } from "cloudflare:workers";
import { ERRORS, type ErrorCode, TandemError } from "../../protocol/errors.ts";
import type { Assignment, LinkCommand, LinkFrame, NodeCommand, NodeFrame } from "../../protocol/link.ts";
import { SIP_FEATURE } from "../../protocol/telephony-link.ts";
import { LINK_PROTOCOL, PING, PONG } from "../../protocol/version.ts";
import { createLog, type Log, reasonOf } from "../log.ts";
import { type Reply, refusalOf } from "../reply.ts";
import { settingsOf } from "../settings.ts";
import { createDatabase } from "../storage/database.ts";
import { fleetStub, roomStub, telephonyStub } from "../stubs.ts";
import { nodeSecret } from "../turn/credentials.ts";
import { orderUrls } from "../turn/nearest.ts";
import { createAssignments, createTurnUrls, NODE_MIGRATIONS, reconcile } from "./assignments.ts";
import type { NodeReport } from "./fleet.ts";
import { readNodeFrame } from "./node-frame.ts";
import { createRevocations, type Revocation } from "./revocations.ts";
import { type Answer, createWaiting } from "./waiting.ts";

/** A command without its id, which is the link's own. */
type Unnumbered<C extends { type: string }> = { [T in C["type"]]: Omit<Extract<C, { type: T }>, "id"> }[C["type"]];
export type RoomCommand = Unnumbered<LinkCommand>;
/** A command to the node itself. */
export type NodeOrder = Unnumbered<NodeCommand>;
type Frame<T extends NodeFrame["type"]> = Extract<NodeFrame, { type: T }>;
type InventoryRoom = Frame<"inventory">["rooms"][number];

/** Milliseconds a command may take, and a probe. */
const COMMAND_TIME = 5_000;
const PROBE_TIME = 500;
/** TURN URLs that clients are given of one node. */
const URLS = 8;
/** Assignments named in one `keep` frame. */
const PAGE = 1_000;

/** What a link's socket remembers: what the node said of itself, and whether it speaks SIP. */
interface Attachment {
  readonly report?: Omit<NodeReport, "turn">;
  readonly sip?: boolean;
}
const attachmentOf = (socket: WebSocket): Attachment => (socket.deserializeAttachment() ?? {}) as Attachment;

export class MediaNode extends DurableObject<Cloudflare.Env> {
  readonly #log: Log;
  readonly #assignments;
  readonly #turnUrls;
  readonly #revocations;
  readonly #waiting = createWaiting();
  /** One for all calls: what is said by one stub arrives in order. */
  readonly #telephony;
  #inventory: InventoryRoom[] = [];

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#log = createLog(env.LOG_LEVEL, { object: "node", node: ctx.id.name });
    this.#telephony = telephonyStub(env);
    const db = createDatabase(ctx.storage, NODE_MIGRATIONS);
    this.#assignments = createAssignments(db);
    this.#turnUrls = createTurnUrls(db);
    this.#revocations = createRevocations(
      db,
      revocation => this.#tellRevocation(revocation),
      work => ctx.waitUntil(work),
    );
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
  }

  /** The node's id: the name of its object. */
  get #id(): string {
    return this.ctx.id.name ?? "";
  }

  /** The node's link. Only the Worker calls this, with a verified token for this object's name. */
  override async fetch(): Promise<Response> {
    const { 0: client, 1: server } = new WebSocketPair();
    // The newest link is the node's: an older one is a connection that died unnoticed, or a second process.
    for (const socket of this.#sockets()) this.#refuse(socket, "replaced");
    this.#waiting.abandon();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client, headers: { "sec-websocket-protocol": LINK_PROTOCOL } });
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const read = readNodeFrame(data);
    // A newer node may say more than we know.
    if (!read) return;
    if ("refusal" in read) return this.#refuse(socket, read.refusal, read.detail);
    const { frame } = read;
    try {
      await this.#receive(socket, frame);
    } catch (error) {
      this.#log.error("frame-failed", { type: frame.type, reason: reasonOf(error) });
    }
  }

  override async webSocketClose(socket: WebSocket, code: number, reason: string): Promise<void> {
    if (code !== 1005 && code !== 1006) socket.close(code, reason);
    else if (code === 1005) socket.close(1000);
    await this.#unlinked(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#unlinked(socket);
  }

  /** Give the node a room. */
  async assign(command: Omit<Extract<LinkCommand, { type: "room.open" }>, "id">): Promise<Reply<Answer>> {
    this.#assignments.put(command);
    const reply = await this.execute(command);
    if ("refusal" in reply) this.#assignments.remove(command);
    return reply;
  }

  /** Take a room from the node. Where the link is down, the next inventory settles it. */
  release(assignment: Assignment): void {
    this.#assignments.remove(assignment);
    if (this.#live()) void this.execute({ type: "room.close", ...assignment });
  }

  /**
   * End the relays of these identities and refuse them new ones. Kept until it is done: where the link is down, it is told when
   * it comes back.
   */
  revoke(revocations: readonly Revocation[]): void {
    this.#revocations.add(revocations, Date.now());
  }

  /** Carry out a command of a room; refused with `no-media-node` where the node does not answer. */
  async execute(command: RoomCommand): Promise<Reply<Answer>> {
    const reply = await this.#ask(command);
    if (command.type !== "room.open" || "refusal" in reply) return reply;
    // A relay in the worker that holds the room hands packets over without a socket; the others are for who can't reach it.
    const turn = orderUrls([...(reply.value.turn ?? []), ...this.#turnUrls.get()], URLS);
    return { value: { ...reply.value, turn } };
  }

  /** Carry out a command to the node itself; refused with `no-media-node` where it does not answer. */
  obey(command: NodeOrder): Promise<Reply<Answer>> {
    return this.#ask(command);
  }

  async #ask(command: RoomCommand | NodeOrder): Promise<Reply<Answer>> {
    const socket = this.#live();
    if (!socket) return { refusal: { code: "no-media-node", detail: "the node has no link" } };
    const { id, answer } = this.#waiting.ask(command.type === "probe" ? PROBE_TIME : COMMAND_TIME);
    socket.send(JSON.stringify({ ...command, id }));
    try {
      return { value: await answer };
    } catch (error) {
      if (error instanceof TandemError) return { refusal: refusalOf(error) };
      throw error;
    }
  }

  /** Whether the node has taken it. */
  async #tellRevocation({ identity, until }: Revocation): Promise<boolean> {
    const reply = await this.#ask({ type: "turn.revoke", identity, until });
    // A node that knows no such command has no relays either.
    return !("refusal" in reply) || reply.refusal.code === "unknown-command";
  }

  /** What the node checks credentials by, if it relays at all. */
  #turnSecrets(urls: readonly string[]): Pick<Extract<LinkFrame, { type: "welcome" }>, "turn"> {
    const { turnSecrets } = settingsOf(this.env);
    if (turnSecrets.length > 0) return { turn: { secrets: turnSecrets.map(secret => nodeSecret(secret, this.#id)) } };
    if (urls.length > 0) this.#log.warn("turn-secret-missing", { urls: urls.length });
    return {};
  }

  async #receive(socket: WebSocket, frame: NodeFrame): Promise<void> {
    switch (frame.type) {
      case "hello": {
        const { type: _, features, turn: servers = [], ...report } = frame;
        const sip = features.includes(SIP_FEATURE);
        const turn = orderUrls(
          servers.flatMap(({ urls }) => urls),
          URLS,
        );
        this.#turnUrls.put(turn);
        socket.serializeAttachment({ report, sip });
        this.#send(socket, {
          type: "welcome",
          node: this.#id,
          features: [],
          ...this.#turnSecrets(turn),
        });
        this.#log.info("node-linked", { region: report.region, software: report.software });
        this.#revocations.linked(Date.now());
        await fleetStub(this.env).report(this.#id, { ...report, turn });
        if (sip) await this.#telephony.nodeLinked(this.#id, report.draining);
        return;
      }
      case "load": {
        const { type: _, ...load } = frame;
        const { report, sip } = attachmentOf(socket);
        if (!report) return this.#refuse(socket, "wrong-state");
        if (load.draining !== report.draining) {
          socket.serializeAttachment({ report: { ...report, draining: load.draining }, sip });
          if (sip) await this.#telephony.nodeDraining(this.#id, load.draining);
        }
        this.#revocations.retry();
        const turn = this.#turnUrls.get();
        return fleetStub(this.env).report(this.#id, { ...report, ...load, turn });
      }
      case "inventory":
        if (frame.part === 0) this.#inventory = [];
        this.#inventory.push(...frame.rooms);
        if (frame.last) await this.#reconcile(socket, this.#inventory.splice(0));
        return;
      case "done": {
        const { type: _, id, ...answer } = frame;
        return this.#waiting.done(id, answer);
      }
      case "failed":
        return this.#waiting.failed(frame.id, frame.code, frame.detail);
      case "session":
        return this.#roomOf(frame)?.nodeSession({ ...this.#here(frame), pid: frame.pid, state: frame.state });
      case "lost":
        await this.#roomOf(frame)?.nodeLost(this.#here(frame));
        return this.#assignments.remove(frame);
      default:
        if (attachmentOf(socket).sip) await this.#telephony.report(this.#id, frame);
    }
  }

  async #reconcile(socket: WebSocket, inventory: readonly InventoryRoom[]): Promise<void> {
    const { kept, lost } = reconcile(this.#assignments.all(), inventory);
    const parts = Math.max(1, Math.ceil(kept.length / PAGE));
    for (let part = 0; part < parts; part++) {
      const rooms = kept.slice(part * PAGE, (part + 1) * PAGE).map(({ room, life, epoch }) => ({ room, life, epoch }));
      this.#send(socket, { type: "keep", part, last: part === parts - 1, rooms });
    }
    for (const assignment of lost) {
      this.#assignments.remove(assignment);
      await this.#tell(assignment.room, room => room.nodeLost(this.#here(assignment)));
    }
    for (const item of kept) {
      await this.#tell(item.room, room => room.nodeBack({ ...this.#here(item), sessions: item.sessions }));
    }
  }

  /** A room that fails must not keep the others from being told. */
  async #tell(room: string, call: (stub: ReturnType<typeof roomStub>) => Promise<unknown>): Promise<void> {
    try {
      await call(roomStub(this.env, room));
    } catch (error) {
      this.#log.error("room-untold", { room, reason: reasonOf(error) });
    }
  }

  /** The room of an assignment that is this node's; a node speaks for no other. */
  #roomOf(assignment: Assignment): ReturnType<typeof roomStub> | undefined {
    return this.#assignments.has(assignment) ? roomStub(this.env, assignment.room) : undefined;
  }

  #here({ life, epoch }: Assignment): { node: string; life: string; epoch: number } {
    return { node: this.#id, life, epoch };
  }

  #sockets(): WebSocket[] {
    return this.ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.READY_STATE_OPEN);
  }

  /** The link, once the node has said hello. */
  #live(): WebSocket | undefined {
    return this.#sockets().find(socket => socket.deserializeAttachment());
  }

  async #unlinked(socket: WebSocket): Promise<void> {
    if (this.#sockets().some(other => other !== socket)) return;
    this.#waiting.abandon();
    this.#log.info("node-link-lost");
    await fleetStub(this.env).gone(this.#id);
    if (attachmentOf(socket).sip) await this.#telephony.nodeGone(this.#id);
  }

  #send(socket: WebSocket, frame: LinkFrame): void {
    socket.send(JSON.stringify(frame));
  }

  #refuse(socket: WebSocket, code: ErrorCode, detail?: string): void {
    const { message, retryable, close } = ERRORS[code];
    this.#send(socket, {
      type: "error",
      code,
      message: detail === undefined ? message : `${message} (${detail})`,
      retryable,
    });
    socket.close(close, code);
  }
}

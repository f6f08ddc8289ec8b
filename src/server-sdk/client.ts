/**
 * The REST API, typed.
 * @module
 */
import * as v from "valibot";
import { isErrorCode, Problem, TandemError } from "../protocol/errors.ts";
import type { Jurisdiction } from "../protocol/names.ts";
import {
  type CreateRoom,
  IceServers,
  ParticipantList,
  RoomDetail,
  RoomList,
  type UpdateRoom,
} from "../protocol/rest.ts";
import { WebhookList } from "../protocol/webhooks.ts";
import { createTelephony, type Telephony } from "./telephony.ts";
import { type ApiKey, createApiToken } from "./tokens.ts";

export interface ClientOptions {
  /** Origin of the edge, e.g. `https://calls.example.com`. */
  readonly url: string;
  readonly key: ApiKey;
  /** Instead of the global one. */
  readonly fetch?: typeof fetch;
}

export interface ListOptions {
  /** Rooms of that jurisdiction; left out: those without one. */
  readonly jurisdiction?: Jurisdiction;
  /** `next` of the page before. */
  readonly after?: string;
  /** 1 to 100, default 50. */
  readonly limit?: number;
}

type Summary = RoomList["rooms"][number];
type NewRoom = v.InferInput<typeof CreateRoom>;

/** Every method rejects with a {@link TandemError}: the edge's own, or `unreachable`. */
export interface Client extends Telephony {
  /** Who is told of events, the secrets for `verifyWebhook`, and how that goes. */
  readonly webhooks: { list(): Promise<WebhookList["webhooks"]> };
  readonly rooms: {
    create(room: NewRoom): Promise<RoomDetail>;
    get(id: string): Promise<RoomDetail>;
    /** Fields left out stay. */
    update(id: string, changes: UpdateRoom): Promise<RoomDetail>;
    /** Everybody leaves, the record goes, and no token issued until now makes the room again. */
    close(id: string): Promise<void>;
    /** One page, in order of id. */
    list(options?: ListOptions): Promise<RoomList>;
    /** All of them, page by page as they are asked for. */
    all(options?: Omit<ListOptions, "after">): AsyncIterable<Summary>;
  };
  readonly participants: {
    /** Who is in, hidden participants too. */
    list(room: string): Promise<ParticipantList["participants"]>;
    /** Remove one; tokens issued to that identity before are void for a day. */
    remove(room: string, pid: string): Promise<void>;
  };
  /**
   * STUN and TURN servers for an identity that is in the room or about to join, with credentials of its own: for clients that speak
   * WebRTC without our SDK. They end when it leaves, is removed, or the room closes.
   */
  iceServers(room: string, identity: string): Promise<IceServers>;
}

/** Seconds that an API token lasts, and milliseconds before its end when it is replaced. */
const TOKEN_TTL = 600;
const TOKEN_MARGIN = 60_000;

function createAuthorization(key: ApiKey): () => Promise<string> {
  let token: Promise<string> | undefined;
  let until = 0;
  return async () => {
    if (!token || Date.now() > until) {
      until = Date.now() + TOKEN_TTL * 1_000 - TOKEN_MARGIN;
      token = createApiToken(key, TOKEN_TTL);
    }
    return `Bearer ${await token}`;
  };
}

async function failureOf(response: Response): Promise<TandemError> {
  const problem = v.safeParse(Problem, await response.json().catch(() => undefined));
  if (!problem.success) return new TandemError("internal", `HTTP ${response.status}`);
  const { code, detail, title } = problem.output;
  // A newer edge may know errors that this version doesn't.
  return isErrorCode(code) ? new TandemError(code, detail) : new TandemError("internal", `${code}: ${detail ?? title}`);
}

/**
 * A client of the REST API, for back ends.
 * @example
 * ```ts
 * const tandem = createClient({ url: "https://calls.example.com", key: { name: "main", secret } });
 * await tandem.rooms.create({ name: "standup", jurisdiction: "eu", persistent: true });
 * for await (const room of tandem.rooms.all()) console.log(room.id, room.participants);
 * ```
 */
export function createClient({ url, key, fetch: ask = fetch }: ClientOptions): Client {
  const authorization = createAuthorization(key);

  async function request(method: string, path: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = { authorization: await authorization() };
    const init: RequestInit = { method, headers };
    if (body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    let response: Response;
    try {
      response = await ask(new URL(path, url), init);
    } catch (error) {
      throw new TandemError("unreachable", error instanceof Error ? error.message : undefined);
    }
    if (!response.ok) throw await failureOf(response);
    return response;
  }

  async function read<T extends v.GenericSchema>(schema: T, method: string, path: string, body?: unknown) {
    const response = await request(method, path, body);
    const parsed = v.safeParse(schema, await response.json().catch(() => undefined));
    if (!parsed.success) throw new TandemError("internal", `${method} ${path}: an answer that does not fit its schema`);
    return parsed.output as v.InferOutput<T>;
  }

  const room = (id: string): string => `/v1/rooms/${encodeURIComponent(id)}`;

  const client: Client = {
    rooms: {
      create: settings => read(RoomDetail, "POST", "/v1/rooms", settings),
      get: id => read(RoomDetail, "GET", room(id)),
      update: (id, changes) => read(RoomDetail, "PATCH", room(id), changes),
      async close(id) {
        await request("DELETE", room(id));
      },
      list(options = {}) {
        const query = new URLSearchParams();
        for (const [name, value] of Object.entries(options)) if (value !== undefined) query.set(name, String(value));
        return read(RoomList, "GET", `/v1/rooms?${query}`);
      },
      async *all(options = {}) {
        let after: string | null | undefined;
        do {
          const page: RoomList = await client.rooms.list(after ? { ...options, after } : options);
          yield* page.rooms;
          after = page.next;
        } while (after !== null);
      },
    },
    participants: {
      list: async id => (await read(ParticipantList, "GET", `${room(id)}/participants`)).participants,
      async remove(id, pid) {
        await request("DELETE", `${room(id)}/participants/${encodeURIComponent(pid)}`);
      },
    },
    iceServers: (id, identity) =>
      read(IceServers, "GET", `/v1/ice-servers?${new URLSearchParams({ room: id, identity })}`),
    ...createTelephony({ request, read }),
    webhooks: { list: async () => (await read(WebhookList, "GET", "/v1/webhooks")).webhooks },
  };
  return client;
}

/**
 * The STUN and TURN servers of a room's peer connections. Credentials last minutes and count when ICE begins: so they are asked for
 * anew before that and at no other time, for a room sleeps while its call runs.
 * @module
 */
import type { RoomModel, Surroundings } from "./core/index.ts";
import type { MediaHost } from "./media-path.ts";

/** Of their life, the part after which credentials are not begun with any more. */
const STALE = 0.8;
/** Restarts of many connections within this time share one question, in ms. */
const SHARED = 5_000;
/** How long to wait for new servers before going on with the old ones, in ms. */
const PATIENCE = 1_000;

type Servers = Pick<RoomModel, "iceServers" | "iceServersTtl">;

export interface IceOptions {
  readonly surroundings: Surroundings;
  model(): RoomModel;
  /** Ask the room for servers with new credentials. */
  ask(): Promise<Servers>;
  failed(error: unknown): void;
  /** In place of the room's. */
  readonly iceServers?: RTCIceServer[] | undefined;
  readonly iceTransportPolicy?: RTCIceTransportPolicy | undefined;
}

/**
 * - `start`: with servers that will do. They will not if their credentials are old, or are for another topology: then a relay may
 *   not reach, or not stand where the media goes.
 * - `restart`: with servers as of now, for a relay that is gone may be what is wrong.
 */
export type IceUse = "start" | "restart";

export interface Ice {
  /** Take note of what the room has sent. */
  update(): void;
  connect(host: MediaHost): RTCPeerConnection;
  /** Whether {@link refresh} would ask before a start. */
  readonly stale: boolean;
  /** Bring a connection's servers up to date. Goes on without where none come; never rejects. */
  refresh(connection: RTCPeerConnection, use: IceUse): Promise<void>;
}

/** Manage the servers of one room. */
export function createIce({ surroundings, model, ask, failed, ...options }: IceOptions): Ice {
  const applied = new WeakMap<RTCPeerConnection, RTCIceServer[]>();
  let seen: RoomModel["iceServers"] | undefined;
  let servers: RTCIceServer[] = [];
  let at = 0;
  let until = 0;
  let madeFor = "";
  let asking: Promise<void> | undefined;

  const purpose = ({ topology }: RoomModel): string => `${topology.setting} ${topology.epoch}`;

  const take = ({ iceServers, iceServersTtl = Number.POSITIVE_INFINITY }: Servers, for_: string): void => {
    // RTCConfiguration has optional fields only: none of undefined.
    servers = options.iceServers ?? iceServers.map(server => ({ ...server }) as RTCIceServer);
    at = surroundings.now();
    until = at + iceServersTtl * STALE;
    madeFor = for_;
  };

  const renew = async (): Promise<void> => {
    const for_ = purpose(model());
    try {
      take(await ask(), for_);
    } catch {
      // The old ones may still do.
    }
    asking = undefined;
  };

  const ice: Ice = {
    update() {
      const now = model();
      if (now.iceServers === seen) return;
      seen = now.iceServers;
      take(now, purpose(now));
    },
    connect(host) {
      const { iceTransportPolicy = "all" } = options;
      const connection = host.createConnection({ iceServers: servers, iceTransportPolicy, bundlePolicy: "max-bundle" });
      applied.set(connection, servers);
      return connection;
    },
    get stale() {
      return !options.iceServers && (surroundings.now() > until || madeFor !== purpose(model()));
    },
    async refresh(connection, use) {
      const old = use === "restart" && surroundings.now() - at > SHARED;
      if (!options.iceServers && (old || ice.stale)) {
        asking ??= renew();
        const late = Promise.withResolvers<void>();
        const cancel = surroundings.setTimer(late.resolve, PATIENCE);
        await Promise.race([asking, late.promise]);
        cancel();
      }
      if (connection.signalingState === "closed" || applied.get(connection) === servers) return;
      applied.set(connection, servers);
      try {
        connection.setConfiguration({ ...connection.getConfiguration(), iceServers: servers });
      } catch (error) {
        failed(error);
      }
    },
  };
  ice.update();
  return ice;
}

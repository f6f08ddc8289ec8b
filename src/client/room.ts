import { TandemError } from "../protocol/errors.ts";
import { LIMITS } from "../protocol/limits.ts";
import { exceedsBytes } from "../protocol/names.ts";
import { createStore, type Signaling, type Surroundings } from "./core/index.ts";
import { createIce } from "./ice.ts";
import type { IncomingMedia, MediaHost } from "./media-path.ts";
import { createMesh } from "./mesh/mesh.ts";
import { createPaths } from "./paths.ts";
import { createPhones } from "./phones.ts";
import { createPublications } from "./publications.ts";
import { createSession, type Session } from "./session/session.ts";
import type { ProfileChanges, Room } from "./types.ts";
import { createViews } from "./views.ts";

export interface RoomOptions {
  readonly signaling: Signaling;
  readonly surroundings: Surroundings;
  readonly host: MediaHost;
  /** In place of the room's. */
  readonly iceServers?: RTCIceServer[] | undefined;
  readonly iceTransportPolicy?: RTCIceTransportPolicy | undefined;
}

/** Put a joined participant's signaling and media together. */
export function createRoom({ signaling, surroundings, host, ...options }: RoomOptions): Room {
  const { command } = signaling;
  const model = () => signaling.store.get();
  const views = createViews();
  const ownStreams = new WeakMap<MediaStreamTrack, MediaStream>();
  let profile: ProfileChanges = {};

  const failed = (error: unknown): void => {
    signaling.report(error instanceof TandemError ? error : new TandemError("internal", `${error}`));
  };
  const publications = createPublications(signaling, update, failed);

  const ownMedia = (number: number): IncomingMedia | undefined => {
    const track = publications.outgoing.find(source => source.number === number)?.track;
    if (!track) return undefined;
    const stream = ownStreams.get(track) ?? host.createStream([track]);
    ownStreams.set(track, stream);
    return { track, stream };
  };
  const ice = createIce({ surroundings, model, ask: () => command("ice.servers", {}), failed, ...options });
  const paths = createPaths({
    surroundings,
    changed: () => render(),
    startMesh: () =>
      createMesh({
        host,
        surroundings,
        ice,
        up: () => model().status === "connected",
        signal: signaling.signal,
        silent: pid => void command("peer.silent", { pid }).catch(() => {}),
        changed: () => render(),
        failed,
      }),
    startSession: (epoch): Session =>
      createSession({
        host,
        surroundings,
        ice,
        offer: offer => command("session.offer", { epoch, offer }),
        silent: () => void command("session.silent", { epoch }).catch(() => {}),
        changed: () => render(),
        failed,
      }),
  });
  const snapshot = () =>
    views(model(), {
      media: number => paths.media(number) ?? ownMedia(number),
      speakers: paths.speakers,
      withheld: paths.withheld,
      connectionTo: paths.connectionTo,
    });
  const store = createStore(snapshot());

  function render(): void {
    store.set(snapshot());
  }

  /** Bring media in line with the room, and show both. */
  function update(): void {
    ice.update();
    const { status, topology, you, participants } = model();
    if (status === "closed") {
      paths.close();
      unwatch();
    } else paths.sync({ you, participants, sources: publications.outgoing }, topology);
    render();
  }

  const unwatch = surroundings.watch(change => {
    if (change === "network") paths.networkChanged();
  });
  signaling.store.subscribe(update);
  for (const type of ["peer.description", "peer.candidates", "peer.ack", "peer.done"] as const) {
    signaling.on(type, paths.receive);
  }
  signaling.on("synced", ({ fresh }) => {
    if (!fresh) {
      paths.resumed();
      return;
    }
    publications.renew();
    if (Object.keys(profile).length > 0) command("profile.update", profile).catch(failed);
  });
  update();

  return {
    get id() {
      return model().id;
    },
    store,
    on: signaling.on as Room["on"],
    publish: publications.publish,
    async updateProfile(changes) {
      await command("profile.update", changes);
      const attributes = { ...profile.attributes, ...changes.attributes };
      profile = { ...profile, ...changes, ...(Object.keys(attributes).length > 0 && { attributes }) };
    },
    chat: {
      async send(text) {
        await command("chat.send", { text });
      },
      history: (range = {}) => command("chat.history", range),
    },
    async send(data, { to, topic } = {}) {
      const body = { data: data ?? null, ...(to && { to }), ...(topic !== undefined && { topic }) };
      if (exceedsBytes(JSON.stringify(body), LIMITS.frameBytes - 256)) throw new TandemError("too-large");
      if (!signaling.signal("app.message", body, { report: true }))
        throw new TandemError("unreachable", "not connected");
    },
    async mute(number) {
      await command("moderate.mute", { number });
    },
    async remove(pid, reason) {
      await command("moderate.remove", { pid, ...(reason !== undefined && { reason }) });
    },
    phones: createPhones(signaling),
    async setMetadata(metadata) {
      await command("room.update", { metadata });
    },
    wish: paths.wish,
    listen: paths.listen,
    get connections() {
      return paths.connections;
    },
    leave: signaling.leave,
  };
}

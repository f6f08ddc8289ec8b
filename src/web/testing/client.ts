/**
 * Stands in for the SDK where pictures of the app are taken (`scripts/screenshots.ts`): a room as a scene describes it,
 * with the SDK's own types, so that it can't drift from them.
 * @module
 */
import { createStore } from "../../client/core/store.ts";
import type {
  ChatMessage,
  JoinOptions,
  LocalSource,
  ParticipantView,
  Room,
  RoomSnapshot,
  SourceView,
} from "../../client/index.ts";
import { HOST_GRANTS } from "../../protocol/grants.ts";
import { portrait, slide } from "./pictures.ts";
import { type Extra, pidOf, type Scene, sceneOf } from "./scene.ts";

export { TandemError } from "../../protocol/errors.ts";

const NOW = Date.UTC(2026, 10, 24, 9, 30);

function participant(extra: Extra, index: number): ParticipantView {
  const number = index + 2;
  const sources: SourceView[] = [{ number: number * 16, kind: "mic", muted: extra.muted ?? false }];
  if (extra.camera)
    sources.push({ number: number * 16 + 1, kind: "camera", muted: false, track: portrait(index, extra.camera) });
  if (extra.screen) sources.push({ number: number * 16 + 2, kind: "screen", muted: false, track: slide() });
  return {
    pid: pidOf(index),
    number,
    identity: pidOf(index),
    name: extra.name,
    kind: extra.phone ? "phone" : "client",
    state: extra.away ? "away" : "here",
    moderator: extra.moderator ?? false,
    direct: true,
    joinedAt: NOW,
    sources,
    connection: extra.connecting ? "connecting" : "connected",
    ...(extra.hand ? { attributes: { hand: String(NOW + index) } } : {}),
    ...(extra.call ? { attributes: { "sip.callStatus": extra.call } } : {}),
  };
}

function chatOf({ chat = [], others }: Scene, you: ParticipantView): readonly ChatMessage[] {
  return chat.map(([from, text], index) => ({
    id: index + 1,
    pid: from < 0 ? you.pid : pidOf(from),
    identity: from < 0 ? you.identity : pidOf(from),
    name: from < 0 ? you.name : (others[from]?.name ?? ""),
    text,
    at: NOW + index * 40_000,
  }));
}

/** {@link import("../../client/index.ts").joinRoom}, into the scene of this page. */
export async function joinRoom({ room: id = "room" }: JoinOptions): Promise<Room> {
  const scene = sceneOf(location.search);
  const name = localStorage.getItem("tandem.name") ?? "Ada Lovelace";
  const you = { ...participant({ name, moderator: true }, -1), sources: [], grants: { ...HOST_GRANTS, dial: true } };
  const chat = chatOf(scene, you);
  const store = createStore<RoomSnapshot>({
    status: "connected",
    you,
    participants: scene.others.map(participant),
    chat: chat.slice(0, chat.length - (scene.unread ?? 0)),
    topology: scene.topology ?? { setting: "auto", current: "mesh", reason: "few" },
  });
  const change = (changes: Partial<RoomSnapshot>) => store.set({ ...store.get(), ...changes });
  setTimeout(() => {
    change({ chat, status: scene.status ?? "connected" });
    if (scene.ends) change({ status: "closed", error: { code: scene.ends, message: "", retryable: false } });
  }, 300);

  const own = (change_: (sources: readonly SourceView[]) => readonly SourceView[]) => {
    const { you: me } = store.get();
    change({ you: { ...me, sources: change_(me.sources) } });
  };
  const publish: Room["publish"] = async (first, { kind }) => {
    let [track, muted] = [first, false];
    const number = 16 + store.get().you.sources.length;
    const show = () => own(all => all.map(source => (source.number === number ? { ...source, track, muted } : source)));
    own(all => [...all, { number, kind, muted, track }]);
    const source: LocalSource = {
      number,
      kind,
      get track() {
        return track;
      },
      get muted() {
        return muted;
      },
      async mute() {
        muted = true;
        show();
      },
      async unmute() {
        muted = false;
        show();
      },
      async replaceTrack(next) {
        track = next;
        show();
      },
      async unpublish() {
        own(all => all.filter(other => other.number !== number));
      },
    };
    return source;
  };
  const nothing = async () => undefined;
  return {
    id,
    store,
    on: () => () => undefined,
    publish,
    async updateProfile({ attributes = {} }) {
      const { you: me } = store.get();
      const kept = Object.entries({ ...me.attributes, ...attributes }).filter(([, value]) => value !== null);
      change({ you: { ...me, attributes: Object.fromEntries(kept) as Record<string, string> } });
    },
    chat: { send: nothing, history: async () => ({ messages: [], more: false }) },
    send: nothing,
    mute: nothing,
    remove: nothing,
    setMetadata: nothing,
    phones: {
      call: async () => ({ call: "c_scripted" }),
      ...{ press: nothing, hold: nothing, hangUp: nothing, transfer: nothing },
    },
    wish: () => undefined,
    listen: () => undefined,
    connections: [],
    async leave() {
      change({ status: "closed" });
    },
  };
}

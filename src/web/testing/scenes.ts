import type { Extra, Scene } from "./scene.ts";

const long = "Wolfeschlegelsteinhausenbergerdorff Maximilian-Ferdinand von Hohenzollern";
const people: readonly Extra[] = [
  { name: "Grace Hopper", camera: "wide", moderator: true, speaking: true },
  { name: "ليلى العلي", camera: "wide", muted: true, trouble: "loss" },
  { name: long },
  { name: "Ken", camera: "wide", hand: true },
  { name: "Żaneta Ångström", camera: "classic" },
  { name: "+49 30 5550 0117", phone: true },
  { name: "Alan", camera: "wide", connecting: true, muted: true },
  { name: "Margaret Hamilton", camera: "wide", away: true },
];
const few = (count: number): readonly Extra[] => people.slice(0, count);
const talk: Scene["chat"] = [
  [0, "Good morning! The agenda is at https://example.com/agenda?day=2."],
  [0, "Shall we start?"],
  [1, "صباح الخير، أنا جاهزة"],
  [-1, "One moment, my camera is shy today."],
  [3, "No hurry :)"],
];

/** A page to look at, and what to do there before the picture is taken. */
export interface Shot {
  readonly name: string;
  readonly access?: "token" | "invite" | "open";
  readonly path: string;
  readonly scene?: Scene;
  readonly join?: boolean;
  /** Cameras and microphones are refused. */
  readonly denied?: boolean;
  readonly keys?: readonly string[];
}

const call = (name: string, scene: Scene, keys: readonly string[] = []): Shot => ({
  name,
  path: "/r/quiet-otter-417",
  join: true,
  scene,
  keys,
});

/** What has to be looked at before a change to the app is done. */
export const SHOTS: readonly Shot[] = [
  { name: "home-open", access: "open", path: "/" },
  { name: "home-invite", access: "invite", path: "/" },
  { name: "home-token", access: "token", path: "/" },
  { name: "uninvited", access: "invite", path: "/r/quiet-otter-417" },
  { name: "before", path: "/r/quiet-otter-417" },
  { name: "before-denied", path: "/r/quiet-otter-417", denied: true },
  call("call-1", { others: [] }),
  call("call-2", { others: few(1) }),
  call("call-2-portrait", { others: [{ name: "Grace Hopper", camera: "portrait" }] }),
  call("call-5", { others: few(4), chat: talk, unread: 2 }),
  call("call-9", { others: few(8), topology: { setting: "auto", current: "sfu", reason: "many" } }),
  call("call-30", { others: Array.from({ length: 29 }, (_, i) => ({ name: `Person ${i + 1}`, muted: i % 2 === 0 })) }),
  call("screen", { others: few(5).map((one, index) => ({ ...one, screen: index === 3 })) }),
  call("speaker", { others: few(5) }, ["l"]),
  call("chat", { others: few(4), chat: talk }, ["c"]),
  call("people", { others: few(8) }, ["p"]),
  call("menu", { others: few(2) }, ["o"]),
  call("shortcuts", { others: few(2) }, ["?"]),
  call("devices", { others: few(2) }, ["d"]),
  call("dial", { others: few(2) }, ["n"]),
  call("ringing", { others: [...few(2), { name: "+49 30 5550 0117", phone: true, call: "ringing" }] }, ["p"]),
  call("muted", { others: few(2), speakingWhileMuted: true }, ["m", "v", "h"]),
  call("reconnecting", { others: few(3), status: "reconnecting" }),
  call("no-media-node", {
    others: few(7),
    topology: { setting: "auto", current: "none", reason: "no-media-node" },
  }),
  call("removed", { others: few(2), ends: "removed" }),
];

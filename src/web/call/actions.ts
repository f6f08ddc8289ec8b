import type { Call } from "../state/call.ts";
import { preferences } from "../state/preferences.ts";
import { copyText } from "../ui/copy.tsx";

/** The key of every action; tooltips and the list of shortcuts read it too. */
export const KEYS = {
  mic: "M",
  camera: "V",
  share: "S",
  hand: "H",
  chat: "C",
  people: "P",
  more: "O",
  layout: "L",
  link: "I",
  devices: "D",
  dial: "N",
  theme: "T",
  shortcuts: "?",
  leave: "Shift+Q",
} as const;

/** The menu's element, which the browser opens and closes. */
export const MENU_ID = "more-menu";

/** Something a key does. */
export interface Action {
  readonly key: string;
  readonly label: string;
  run(): void;
}

const NEXT_THEME = { system: "light", light: "dark", dark: "system" } as const;

/** Copies the link for others and says so. */
export async function copyLink({ link, notices }: Call): Promise<void> {
  if (link === undefined) return;
  const copied = await copyText(link);
  notices.show({
    id: "link",
    text: copied ? "Link copied; send it to whoever should come." : `The browser refuses to copy; the link is ${link}`,
  });
}

/** Everything that can be done by key, in the order of the list of shortcuts. */
export function actionsOf(call: Call, leave: () => void): readonly Action[] {
  const { view, you } = call;
  const grants = you.value.grants;
  const may = (kind: "mic" | "camera" | "screen") => grants.publish?.includes(kind) === true;
  return [
    ...(may("mic") ? [{ key: KEYS.mic, label: "Microphone on or off", run: call.mic.toggle }] : []),
    ...(may("camera") ? [{ key: KEYS.camera, label: "Camera on or off", run: call.cam.toggle }] : []),
    ...(may("screen") && call.sharing.possible
      ? [{ key: KEYS.share, label: "Share the screen, or stop", run: call.sharing.toggle }]
      : []),
    ...(grants.profile ? [{ key: KEYS.hand, label: "Hand up or down", run: call.toggleHand }] : []),
    ...(grants.chat ? [{ key: KEYS.chat, label: "Chat", run: () => view.togglePanel("chat") }] : []),
    { key: KEYS.people, label: "People", run: () => view.togglePanel("people") },
    { key: KEYS.more, label: "Menu", run: () => document.getElementById(MENU_ID)?.togglePopover() },
    {
      key: KEYS.layout,
      label: "Grid or speaker",
      run: () => {
        preferences.layout.value = preferences.layout.value === "grid" ? "speaker" : "grid";
      },
    },
    ...(call.link === undefined ? [] : [{ key: KEYS.link, label: "Copy the link", run: () => void copyLink(call) }]),
    {
      key: KEYS.devices,
      label: "Devices",
      run: () => {
        view.dialog.value = "devices";
      },
    },
    ...(grants.dial
      ? [
          {
            key: KEYS.dial,
            label: "Call a telephone",
            run: () => {
              view.dialog.value = "dial";
            },
          },
        ]
      : []),
    {
      key: KEYS.theme,
      label: "Light, dark or as the system",
      run: () => {
        preferences.theme.value = NEXT_THEME[preferences.theme.value];
      },
    },
    {
      key: KEYS.shortcuts,
      label: "This list",
      run: () => {
        view.dialog.value = "shortcuts";
      },
    },
    { key: KEYS.leave, label: "Leave", run: leave },
  ];
}

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Topology } from "../../protocol/model.ts";
import { announce } from "./announce.ts";
import type { Capture } from "./capture.ts";
import { type Chat, createChat } from "./chat.ts";
import { textOf } from "./error-texts.ts";
import { createNotices, type Notices } from "./notices.ts";
import { HAND, handOf } from "./people.ts";
import { preferences } from "./preferences.ts";
import { createPublisher, type Publisher } from "./publisher.ts";
import { createQuality } from "./quality.ts";
import type { ParticipantView, Quality, Room, RoomSnapshot } from "./sdk.ts";
import { createSharing, type Sharing } from "./sharing.ts";
import { createSpeaking, type Speaking } from "./speaking.ts";
import { noMediaText } from "./topology-texts.ts";
import { createView, type View } from "./view.ts";

/** A call, as signals and actions: all that the call page knows. */
export interface Call {
  readonly room: Room;
  readonly snapshot: ReadonlySignal<RoomSnapshot>;
  readonly you: ReadonlySignal<RoomSnapshot["you"]>;
  readonly others: ReadonlySignal<readonly ParticipantView[]>;
  /** All others in one track, where a media node mixes them. */
  readonly mix: ReadonlySignal<MediaStreamTrack | undefined>;
  readonly status: ReadonlySignal<RoomSnapshot["status"]>;
  readonly topology: ReadonlySignal<Topology>;
  /** What copy link hands on; `undefined` where only the application makes links. */
  readonly link: string | undefined;
  readonly microphone: Capture;
  readonly camera: Capture;
  readonly mic: Publisher;
  readonly cam: Publisher;
  readonly sharing: Sharing;
  readonly chat: Chat;
  readonly speaking: Speaking;
  readonly quality: ReadonlySignal<ReadonlyMap<string, Quality>>;
  readonly notices: Notices;
  readonly view: View;
  readonly handUp: ReadonlySignal<boolean>;
  toggleHand(): void;
  /** Run something that the room may refuse; a refusal becomes a notice. */
  attempt(work: Promise<unknown>): void;
  /** Lets go of everything: room, devices, timers. */
  close(): Promise<void>;
}

interface Parts {
  readonly room: Room;
  readonly microphone: Capture;
  readonly camera: Capture;
  readonly link: string | undefined;
}

/** Turns a joined room into a {@link Call} and publishes the devices that are on. */
export function createCall({ room, microphone, camera, link }: Parts): Call {
  const snapshot = signal(room.store.get());
  const unsubscribe = room.store.subscribe(() => {
    snapshot.value = room.store.get();
  });
  const you = computed(() => snapshot.value.you);
  const topology = computed(() => snapshot.value.topology);
  const notices = createNotices();
  const view = createView();
  const attempt = (work: Promise<unknown>) => {
    work.catch(error => notices.show({ id: "refused", text: textOf(error) }));
  };

  const mic = createPublisher({ room, capture: microphone, notices });
  const cam = createPublisher({ room, capture: camera, notices });
  const sharing = createSharing(room, snapshot, notices);
  const chat = createChat(
    room,
    snapshot,
    computed(() => view.panel.value === "chat"),
  );
  const quality = createQuality(room);
  const speaking = createSpeaking(room, () => {
    if (!mic.on.value)
      notices.show({
        id: "muted-speech",
        text: "You are muted, nobody hears you.",
        action: { label: "Unmute", run: () => mic.set(true) },
      });
  });
  const stopAnnouncing = announce(room, notices, view);
  const stopUnmuted = effect(() => {
    if (mic.on.value) notices.dismiss("muted-speech");
  });
  const stopSharing = effect(() => {
    if (!sharing.on.value) notices.dismiss("sharing");
    else
      notices.show({
        id: "sharing",
        lasting: true,
        text: "The others see your screen.",
        action: { label: "Stop", run: sharing.toggle },
      });
  });
  const stopReceiving = effect(() => room.listen(preferences.receiving.value === "mix" ? "mix" : null));
  const mayChat = you.peek().grants.chat === true;
  const openChat = {
    label: "Open chat",
    run: () => {
      view.panel.value = "chat";
    },
  };
  const stopTopology = effect(() => {
    if (topology.value.current !== "none") notices.dismiss("no-media");
    else
      notices.show({
        id: "no-media",
        lasting: true,
        text: noMediaText(topology.value, mayChat),
        ...(mayChat ? { action: openChat } : {}),
      });
  });

  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      stopAnnouncing();
      stopUnmuted();
      stopSharing();
      stopTopology();
      stopReceiving();
      speaking.close();
      quality.close();
      chat.close();
      sharing.close();
      mic.close();
      cam.close();
      notices.close();
      await room.leave().catch(() => undefined);
      unsubscribe();
    })();
    return closing;
  };

  const handUp = computed(() => handOf(you.value) !== undefined);
  return {
    room,
    snapshot,
    you,
    others: computed(() => snapshot.value.participants),
    mix: computed(() => snapshot.value.mix?.track),
    status: computed(() => snapshot.value.status),
    topology,
    link,
    microphone,
    camera,
    mic,
    cam,
    sharing,
    chat,
    speaking,
    quality: quality.of,
    notices,
    view,
    handUp,
    toggleHand: () => attempt(room.updateProfile({ attributes: { [HAND]: handUp.value ? null : String(Date.now()) } })),
    attempt,
    close,
  };
}

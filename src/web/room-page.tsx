import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { PublicConfig } from "../protocol/rest.ts";
import { CallPage } from "./call/call-page.tsx";
import { PreJoin } from "./prejoin/prejoin.tsx";
import { joinToken, mayEnter } from "./state/access.ts";
import { type Call, createCall } from "./state/call.ts";
import { createCapture } from "./state/capture.ts";
import { linkForOthers, takeEntry } from "./state/entry.ts";
import { preferences } from "./state/preferences.ts";
import { navigate } from "./state/routes.ts";
import { loadCore } from "./state/sdk.ts";
import { session } from "./state/storage.ts";
import { Ending } from "./ui/ending.tsx";

interface RoomPageProps {
  readonly room: string;
  readonly access: PublicConfig["access"];
}

/** One room: before, in and after the call. */
export function RoomPage({ room, access }: RoomPageProps) {
  const entry = useMemo(() => takeEntry(room, { location, history, shelf: session }), []);
  const microphone = useMemo(() => createCapture("microphone", preferences.microphone), []);
  const camera = useMemo(() => createCapture("camera", preferences.camera), []);
  const call = useSignal<Call | undefined>(undefined);

  useEffect(() => {
    document.title = `${room} · Tandem`;
    return () => {
      document.title = "Tandem";
      void call.value?.close();
      microphone.close();
      camera.close();
    };
  }, []);

  if (!mayEnter(access, entry))
    return (
      <Ending
        title="An invitation is needed"
        text={
          access === "invite"
            ? "Open the link you were sent; it lets you into this room."
            : "Open the link that your application gave you; it lets you into this room."
        }
        action={{ label: "To the start", run: () => navigate("/") }}
      />
    );

  const join = async (name: string) => {
    const { joinRoom } = await loadCore();
    const joined = await joinRoom({
      url: location.origin,
      room,
      token: () => joinToken(access, room, entry, name),
    });
    const link = linkForOthers(location.origin, room, entry, access);
    call.value = createCall({ room: joined, microphone, camera, link });
    const { you } = joined.store.get();
    if (entry.token && you.grants.profile && you.name !== name) call.value.attempt(joined.updateProfile({ name }));
  };

  const again = () => {
    call.value = undefined;
  };

  return call.value ? (
    <CallPage call={call.value} onAgain={again} />
  ) : (
    <PreJoin room={room} entry={entry} microphone={microphone} camera={camera} onJoin={join} />
  );
}

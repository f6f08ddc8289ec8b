import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { PublicConfig } from "../protocol/rest.ts";
import { PreJoin } from "./prejoin/prejoin.tsx";
import { type Bearer, bearerOf, joinToken, mayEnter } from "./state/access.ts";
import type { Call } from "./state/call.ts";
import { createCapture } from "./state/capture.ts";
import { linkForOthers, takeEntry } from "./state/entry.ts";
import { preferences } from "./state/preferences.ts";
import { navigate } from "./state/routes.ts";
import { loadCore } from "./state/sdk.ts";
import { session } from "./state/storage.ts";
import { Ending } from "./ui/ending.tsx";

type CallModule = typeof import("./call/index.ts");
const loadCall = (): Promise<CallModule> => import("./call/index.ts");

interface RoomPageProps {
  readonly room: string;
  readonly access: PublicConfig["access"];
}

function createCaptures({ publish }: Bearer) {
  const microphone = createCapture("microphone", preferences.microphone);
  const camera = createCapture("camera", preferences.camera);
  microphone.allowed.value = publish?.includes("mic") ?? true;
  camera.allowed.value = publish?.includes("camera") ?? true;
  return { microphone, camera };
}

/** One room: before, in and after the call. */
export function RoomPage({ room, access }: RoomPageProps) {
  const entry = useMemo(() => takeEntry(room, { location, history, shelf: session }), []);
  const bearer = useMemo(() => (entry.token ? bearerOf(entry.token) : {}), []);
  const { microphone, camera } = useMemo(() => createCaptures(bearer), []);
  const running = useSignal<{ call: Call; Page: CallModule["CallPage"] } | undefined>(undefined);

  const gone = useMemo(() => new AbortController(), []);

  useEffect(() => {
    document.title = `${room} · Tandem`;
    // Early, so that joining waits for nothing; a failure shows when it is needed.
    void Promise.allSettled([loadCall(), loadCore()]);
    return () => {
      document.title = "Tandem";
      gone.abort();
      void running.value?.call.close();
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
    const [{ createCall, CallPage }, { joinRoom }] = await Promise.all([loadCall(), loadCore()]);
    const joined = await joinRoom({
      url: location.origin,
      room,
      signal: gone.signal,
      token: () => joinToken(access, room, entry, name),
    });
    const link = linkForOthers(location.origin, room, entry, access);
    const call = createCall({ room: joined, microphone, camera, link });
    running.value = { call, Page: CallPage };
    const { you } = joined.store.get();
    if (entry.token && you.grants.profile && you.name !== name) call.attempt(joined.updateProfile({ name }));
  };

  const again = () => {
    running.value = undefined;
  };

  const now = running.value;
  return now ? (
    <now.Page call={now.call} onAgain={again} />
  ) : (
    <PreJoin room={room} givenName={bearer.name} microphone={microphone} camera={camera} onJoin={join} />
  );
}

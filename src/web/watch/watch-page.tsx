import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { PublicConfig } from "../../protocol/rest.ts";
import { joinToken, mayEnter } from "../state/access.ts";
import { takeEntry } from "../state/entry.ts";
import { textOf } from "../state/error-texts.ts";
import { createPlayer, type PlayerState } from "../state/player.ts";
import { navigate } from "../state/routes.ts";
import { session } from "../state/storage.ts";
import { Button } from "../ui/button.tsx";
import { Ending } from "../ui/ending.tsx";
import { useWakeLock } from "../ui/use-wake-lock.ts";

interface WatchPageProps {
  readonly room: string;
  /** A source's number, or a participant's identity; left out: who speaks. */
  readonly source?: string | undefined;
  readonly access: PublicConfig["access"];
}

/** Name of those who only watch, where they are seen. */
const NAME = "Viewer";

const TEXTS: Readonly<Record<PlayerState["status"], string>> = {
  connecting: "Connecting",
  waiting: "Nobody is heard or seen yet; this begins by itself.",
  live: "",
  failed: "",
};

/** A player and nothing else: the room is watched, not joined. */
export function WatchPage({ room, source, access }: WatchPageProps) {
  const entry = useMemo(() => takeEntry(room, { location, history, shelf: session }), []);
  if (mayEnter(access, entry)) {
    return <Watching room={room} source={source} token={() => joinToken(access, room, entry, NAME)} />;
  }
  return (
    <Ending
      title="An invitation is needed"
      text="Open the link you were sent; it lets you watch this room."
      action={{ label: "To the start", run: () => navigate("/") }}
    />
  );
}

interface WatchingProps extends Pick<WatchPageProps, "room" | "source"> {
  readonly token: () => Promise<string>;
}

function Watching({ room, source, token }: WatchingProps) {
  const attempt = useSignal(0);
  const player = useMemo(() => {
    const what = source === undefined ? "" : `/${encodeURIComponent(source)}`;
    return createPlayer({ endpoint: `/v1/whep/${room}${what}`, room, token });
  }, [attempt.value]);
  const video = useRef<HTMLVideoElement>(null);
  const silenced = useSignal(false);
  useWakeLock();

  useEffect(() => {
    document.title = `${room} · Tandem`;
    addEventListener("pagehide", player.close);
    return () => {
      document.title = "Tandem";
      removeEventListener("pagehide", player.close);
      player.close();
    };
  }, [player]);

  const stream = player.stream.value;
  useEffect(() => {
    const element = video.current;
    if (!element || !stream) return;
    element.srcObject = stream;
    // A page that nobody has touched may not make a sound.
    element.play().catch((error: DOMException) => {
      if (error.name !== "NotAllowedError") return;
      element.muted = true;
      silenced.value = true;
      element.play().catch(() => undefined);
    });
  }, [stream]);

  const state = player.state.value;
  if (state.status === "failed") {
    return (
      <Ending
        title="This can't be played"
        text={textOf(state.error)}
        action={{ label: "Try again", run: () => attempt.value++ }}
      />
    );
  }
  return (
    <main class="watch" data-testid="player" data-state={state.status}>
      {/* biome-ignore lint/a11y/useMediaCaption: live, and nobody writes along */}
      <video ref={video} controls playsInline />
      <div class="watch-note">
        <p role="status">{TEXTS[state.status]}</p>
        {silenced.value && state.status === "live" && (
          <Button
            kind="primary"
            icon="sound"
            onClick={() => {
              if (video.current) video.current.muted = false;
              silenced.value = false;
            }}
          >
            Turn the sound on
          </Button>
        )}
      </div>
    </main>
  );
}

import { useEffect } from "preact/hooks";
import { Home } from "./home/home.tsx";
import { RoomPage } from "./room-page.tsx";
import { config, loadConfig } from "./state/config.ts";
import { navigate, route } from "./state/routes.ts";
import { Ending } from "./ui/ending.tsx";
import { Skeleton } from "./ui/skeleton.tsx";
import { WatchPage } from "./watch/watch-page.tsx";

/** The whole app: asks the deployment how people get in, then shows the page of the address. */
export function App() {
  useEffect(() => {
    void loadConfig();
  }, []);

  const state = config.value;
  if (state.status === "loading") return <Skeleton />;
  if (state.status === "failed")
    return (
      <Ending
        title="No answer"
        text="The server does not answer; check your connection and try again."
        action={{ label: "Try again", run: loadConfig }}
      />
    );

  const { access } = state.config;
  return (
    <>
      {access === "open" && (
        <p class="ribbon" role="note">
          Development mode: anybody with this address can enter.
        </p>
      )}
      <Page access={access} />
    </>
  );
}

function Page({ access }: { access: "token" | "invite" | "open" }) {
  const at = route.value;
  switch (at.page) {
    case "home":
      return <Home access={access} />;
    case "room":
      return <RoomPage key={at.room} room={at.room} access={access} />;
    case "watch":
      return <WatchPage key={`${at.room}/${at.source}`} room={at.room} source={at.source} access={access} />;
    case "missing":
      return (
        <Ending
          title="Nothing here"
          text="There is no such page; names of rooms have the letters a to z, digits and hyphens."
          action={{ label: "To the start", run: () => navigate("/") }}
        />
      );
  }
}

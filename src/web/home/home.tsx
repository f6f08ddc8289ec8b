import type { PublicConfig } from "../../protocol/rest.ts";
import { Mark } from "../ui/mark.tsx";
import { ByApplication } from "./by-application.tsx";
import { InviteRoom } from "./invite-room.tsx";
import { OpenRoom } from "./open-room.tsx";

/** The start page, by the way people get into this deployment. */
export function Home({ access }: { access: PublicConfig["access"] }) {
  return (
    <main class="page centred">
      <div class="card home">
        <Mark />
        {access === "open" && <OpenRoom />}
        {access === "invite" && <InviteRoom />}
        {access === "token" && <ByApplication />}
      </div>
    </main>
  );
}

import { useEffect, useRef } from "preact/hooks";
import type { Invitations } from "../../protocol/rest.ts";
import { invitationLinks } from "../state/entry.ts";
import { navigate } from "../state/routes.ts";
import { Button } from "../ui/button.tsx";
import { CopyField } from "../ui/copy.tsx";

const date = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

/** The two links of a room just made. */
export function InviteLinks({ made }: { made: Invitations }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const links = invitationLinks(location.origin, made.room, made.host, made.guest);
  const enter = () => {
    const { pathname, hash } = new URL(links.host);
    navigate(pathname + hash);
  };
  return (
    <div class="stack">
      <h1 class="title" tabIndex={-1} ref={heading}>
        {made.room} is ready
      </h1>
      <CopyField label="Guests' link" text={links.guest} hint="For everybody you invite." />
      <CopyField label="Host's link" text={links.host} hint="For yourself: who has it can mute and remove others." />
      <p class="quiet small">Unused, the room and both links go on {date.format(made.expiresAt)}.</p>
      <Button kind="primary" onClick={enter}>
        Enter as host
      </Button>
    </div>
  );
}

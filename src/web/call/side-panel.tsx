import { useCall } from "./call-context.ts";
import { ChatPanel } from "./chat-panel.tsx";
import { PeoplePanel } from "./people-panel.tsx";

/** Chat or people: beside the pictures where there is room, over them where there isn't. */
export function SidePanel() {
  switch (useCall().view.panel.value) {
    case "chat":
      return <ChatPanel />;
    case "people":
      return <PeoplePanel />;
    default:
      return null;
  }
}

import { CopyField } from "../ui/copy.tsx";
import { useCall } from "./call-context.ts";

/** An empty call says the next step. */
export function Alone() {
  const { link } = useCall();
  return (
    <div class="alone">
      <h2 class="title">Nobody else is here yet</h2>
      {link === undefined ? (
        <p class="quiet">The others come by links from your application.</p>
      ) : (
        <CopyField label="Send them this link" text={link} primary />
      )}
    </div>
  );
}

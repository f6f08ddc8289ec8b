import type { Outgoing } from "../state/chat.ts";
import { Button } from "../ui/button.tsx";

/** A message on its way, or one that did not get through. */
export function OutgoingMessage({ message, onRetry }: { message: Outgoing; onRetry: () => void }) {
  return (
    <section class="message-group own outgoing">
      <p class="message" dir="auto">
        {message.text}
      </p>
      {message.failed === undefined ? (
        <p class="small quiet">Sending…</p>
      ) : (
        <div class="outgoing-failed">
          <p class="small">Not sent. {message.failed}</p>
          <Button kind="quiet" onClick={onRetry}>
            Send again
          </Button>
        </div>
      )}
    </section>
  );
}

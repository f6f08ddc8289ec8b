import { useLayoutEffect, useRef } from "preact/hooks";
import { groupMessages } from "../state/messages.ts";
import { Button } from "../ui/button.tsx";
import { useCall } from "./call-context.ts";
import { ChatGroup } from "./chat-group.tsx";
import { Composer } from "./composer.tsx";
import { OutgoingMessage } from "./outgoing-message.tsx";
import { PanelHead } from "./panel-head.tsx";

/** How far from the end, in pixels, still counts as reading the newest. */
const NEAR_END = 48;

const OLDER_TEXT = { some: "Earlier messages", loading: "Loading…", failed: "Loading failed; try again" } as const;

/** The room's chat. */
export function ChatPanel() {
  const { chat, you } = useCall();
  const list = useRef<HTMLDivElement>(null);
  const before = useRef({ height: 0, first: 0, atEnd: true });
  const messages = chat.messages.value;
  const outgoing = chat.outgoing.value;
  const older = chat.older.value;
  const first = messages[0]?.id ?? 0;

  // New messages keep the end in sight for those who were there; older pages leave what is being read where it is.
  useLayoutEffect(() => {
    const box = list.current;
    if (!box) return;
    const { height, first: oldFirst, atEnd } = before.current;
    if (oldFirst !== 0 && first < oldFirst) box.scrollTop += box.scrollHeight - height;
    else if (atEnd) box.scrollTop = box.scrollHeight;
    before.current = { height: box.scrollHeight, first, atEnd };
  }, [messages, outgoing]);

  const onScroll = () => {
    const box = list.current;
    if (box) before.current.atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
  };

  return (
    <aside class="panel" aria-labelledby="chat-title" data-testid="chat-panel">
      <PanelHead id="chat-title" title="Chat" />
      <div class="messages" ref={list} onScroll={onScroll} role="log" aria-label="Messages">
        {older !== "none" && (
          <Button kind="quiet" busy={older === "loading"} onClick={() => void chat.loadOlder()}>
            {OLDER_TEXT[older]}
          </Button>
        )}
        {messages.length === 0 && outgoing.length === 0 && (
          <p class="quiet empty">Nobody has written yet. What you write here everybody in the room can read.</p>
        )}
        {groupMessages(messages).map(group => (
          <ChatGroup key={group.first.id} group={group} own={group.first.identity === you.value.identity} />
        ))}
        {outgoing.map(message => (
          <OutgoingMessage key={message.key} message={message} onRetry={() => chat.retry(message.key)} />
        ))}
      </div>
      <Composer onSend={chat.send} />
    </aside>
  );
}

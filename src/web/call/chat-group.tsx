import { linkify, type MessageGroup } from "../state/messages.ts";

const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

/** Messages of one sender, one after the other. */
export function ChatGroup({ group, own }: { group: MessageGroup; own: boolean }) {
  const at = new Date(group.first.at);
  return (
    <section class={`message-group ${own ? "own" : ""}`}>
      <p class="message-head small">
        <bdi class="message-name">{own ? "You" : group.first.name || "Guest"}</bdi>{" "}
        <time class="numbers" dateTime={at.toISOString()}>
          {time.format(at)}
        </time>
      </p>
      {group.messages.map(message => (
        <p key={message.id} class="message" dir="auto">
          {linkify(message.text).map(piece =>
            piece.href ? (
              <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
                {piece.text}
              </a>
            ) : (
              piece.text
            ),
          )}
        </p>
      ))}
    </section>
  );
}

import { computed, effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import type { ChatMessage } from "../../protocol/model.ts";
import { textOf } from "./error-texts.ts";
import { mergeMessages } from "./messages.ts";
import type { Room, RoomSnapshot } from "./sdk.ts";

/** A message of one's own that the room has not confirmed. */
export interface Outgoing {
  readonly key: number;
  readonly text: string;
  /** Why it was not sent, once that is known. */
  readonly failed?: string;
}

export interface Chat {
  /** Oldest first. */
  readonly messages: ReadonlySignal<readonly ChatMessage[]>;
  readonly outgoing: ReadonlySignal<readonly Outgoing[]>;
  /** How many messages of others came since the chat was last looked at. */
  readonly unread: ReadonlySignal<number>;
  /** What can be done about messages before the first one shown. */
  readonly older: ReadonlySignal<"none" | "some" | "loading" | "failed">;
  loadOlder(): Promise<void>;
  send(text: string): void;
  retry(key: number): void;
  close(): void;
}

/**
 * The room's chat: snapshot, older pages and one's own unconfirmed messages in one list.
 *
 * @param open - Whether the chat is in sight.
 */
export function createChat(room: Room, snapshot: ReadonlySignal<RoomSnapshot>, open: ReadonlySignal<boolean>): Chat {
  const messages = signal<readonly ChatMessage[]>(snapshot.peek().chat);
  const outgoing = signal<readonly Outgoing[]>([]);
  const older = signal<"none" | "some" | "loading" | "failed">((messages.value[0]?.id ?? 1) > 1 ? "some" : "none");
  const lastRead = signal(messages.value.at(-1)?.id ?? 0);
  let count = 0;

  const stopMerging = effect(() => {
    const { chat } = snapshot.value;
    messages.value = mergeMessages(messages.peek(), chat);
  });
  const stopReading = effect(() => {
    if (open.value) lastRead.value = messages.value.at(-1)?.id ?? 0;
  });

  const settle = (key: number, failed?: string) => {
    outgoing.value = outgoing.value.flatMap(one => (one.key !== key ? one : failed ? { ...one, failed } : []));
  };
  const transmit = ({ key, text }: Outgoing) => {
    room.chat.send(text).then(
      () => settle(key),
      error => settle(key, textOf(error)),
    );
  };

  return {
    messages,
    outgoing,
    older,
    unread: computed(() => {
      const me = snapshot.value.you.identity;
      return messages.value.filter(message => message.id > lastRead.value && message.identity !== me).length;
    }),
    async loadOlder() {
      const first = untracked(() => messages.value[0]);
      if (!first || older.value === "loading") return;
      older.value = "loading";
      try {
        const page = await room.chat.history({ before: first.id, limit: 50 });
        messages.value = mergeMessages(messages.value, page.messages);
        older.value = page.more ? "some" : "none";
      } catch {
        older.value = "failed";
      }
    },
    send(text) {
      const message = { key: ++count, text };
      outgoing.value = [...outgoing.value, message];
      transmit(message);
    },
    retry(key) {
      const message = outgoing.value.find(one => one.key === key);
      if (!message) return;
      const again = { key, text: message.text };
      outgoing.value = outgoing.value.map(one => (one.key === key ? again : one));
      transmit(again);
    },
    close() {
      stopMerging();
      stopReading();
    },
  };
}

/**
 * The room's chat, kept for its life.
 * @module
 */
import { LIMITS } from "../../protocol/limits.ts";
import type { ChatMessage } from "../../protocol/model.ts";
import type { Database } from "../storage/database.ts";
import type { Member } from "./members.ts";
import { byteLength } from "./pages.ts";

export interface Chat {
  add(member: Member, text: string, now: number): ChatMessage;
  /** The newest messages, oldest first. */
  newest(limit: number): ChatMessage[];
  /** Messages older than `before`, oldest first, as many of `limit` as fit into a frame. */
  page(before: number | undefined, limit: number): { messages: ChatMessage[]; more: boolean };
}

type ChatRow = { id: number; pid: string; identity: string; name: string; text: string; at: number };

// Beside the messages a page carries its envelope and the answer's id.
const PAGE_BYTES = LIMITS.edgeFrameBytes - 1_024;

/** Messages beyond those kept that may stay until the next tidying. */
const SLACK = 100;

export function createChat(db: Database): Chat {
  const older = (before: number, limit: number): ChatRow[] =>
    db.rows<ChatRow>("SELECT * FROM chat WHERE id < ? ORDER BY id DESC LIMIT ?", before, limit);

  return {
    add(member, text, now) {
      const [newest] = db.rows<{ id: number }>("SELECT coalesce(max(id), 0) AS id FROM chat");
      const message: ChatMessage = {
        id: (newest?.id ?? 0) + 1,
        pid: member.pid,
        identity: member.identity,
        name: member.name,
        text,
        at: now,
      };
      db.write(
        "INSERT INTO chat (id, pid, identity, name, text, at) VALUES (?, ?, ?, ?, ?, ?)",
        message.id,
        message.pid,
        message.identity,
        message.name,
        message.text,
        message.at,
      );
      if (message.id % SLACK === 0) db.write("DELETE FROM chat WHERE id <= ?", message.id - LIMITS.chatKept);
      return message;
    },
    newest: limit => older(Number.MAX_SAFE_INTEGER, limit).reverse(),
    page(before, limit) {
      // One more than asked for tells whether there are more.
      const rows = older(before ?? Number.MAX_SAFE_INTEGER, limit + 1);
      const messages: ChatMessage[] = [];
      let bytes = 0;
      for (const row of rows.slice(0, limit)) {
        bytes += byteLength(JSON.stringify(row)) + 1;
        if (bytes > PAGE_BYTES) break;
        messages.push(row);
      }
      return { more: messages.length < rows.length, messages: messages.reverse() };
    },
  };
}

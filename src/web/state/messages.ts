import type { ChatMessage } from "../../protocol/model.ts";

/**
 * Messages known so far with newly seen ones, by id, oldest first. Ids start over in a new life of the room: a message
 * that contradicts a known one of its id makes everything known before void.
 */
export function mergeMessages(known: readonly ChatMessage[], seen: readonly ChatMessage[]): readonly ChatMessage[] {
  const byId = new Map(known.map(message => [message.id, message]));
  const contradicts = seen.some(message => {
    const old = byId.get(message.id);
    return old !== undefined && (old.at !== message.at || old.pid !== message.pid);
  });
  if (contradicts) byId.clear();
  else if (seen.every(message => byId.has(message.id))) return known;
  for (const message of seen) byId.set(message.id, message);
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

/** Messages of one sender that follow each other closely, shown under one name. */
export interface MessageGroup {
  readonly first: ChatMessage;
  readonly messages: readonly ChatMessage[];
}

const TOGETHER = 5 * 60_000;

/** Groups messages by sender and time. */
export function groupMessages(messages: readonly ChatMessage[]): readonly MessageGroup[] {
  const groups: { first: ChatMessage; messages: ChatMessage[] }[] = [];
  for (const message of messages) {
    const group = groups.at(-1);
    const last = group?.messages.at(-1);
    if (group && last && last.identity === message.identity && message.at - last.at < TOGETHER)
      group.messages.push(message);
    else groups.push({ first: message, messages: [message] });
  }
  return groups;
}

/** A piece of a message: text, or an address to open. */
export type Piece = { readonly text: string; readonly href?: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"']+/giu;
/** What ends a sentence or a bracket rather than an address. */
const TRAILING = new Set(".,;:!?)]}'\"»”");

function withoutTrailing(address: string): string {
  let end = address.length;
  while (end > 0 && TRAILING.has(address[end - 1] as string)) end--;
  return address.slice(0, end);
}

/** Splits a message at the web addresses in it. Only `http` and `https` ever become links. */
export function linkify(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    let address = withoutTrailing(match[0]);
    const opens = address.split("(").length;
    if (opens > address.split(")").length && match[0].startsWith(`${address})`)) address += ")";
    if (!URL.canParse(address)) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: address, href: new URL(address).href });
    end = match.index + address.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

import { type SipRequest, tagOf } from "../message/message.ts";
import type { DialogUser } from "./context.ts";

interface DialogId {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
}

/** The dialogs that requests may belong to (RFC 3261 §12.2.2). */
export interface DialogTable {
  add(id: DialogId, user: DialogUser): void;
  remove(id: DialogId): void;
  find(request: SipRequest): DialogUser | undefined;
}

export function createDialogTable(): DialogTable {
  const users = new Map<string, DialogUser>();
  const key = (callId: string, local: string, remote: string): string => `${callId}\n${local}\n${remote}`;
  return {
    add: ({ callId, localTag, remoteTag }, user) => users.set(key(callId, localTag, remoteTag), user),
    remove: ({ callId, localTag, remoteTag }) => users.delete(key(callId, localTag, remoteTag)),
    find: request => users.get(key(request.callId, tagOf(request.to), tagOf(request.from))),
  };
}

import { formatRequest } from "../message/format.ts";
import { type RandomBytes, randomToken } from "../message/identifier.ts";
import type { RequestDraft, SipRequest, SipResponse } from "../message/message.ts";
import { tagOf } from "../message/message.ts";
import { BRANCH_COOKIE, formatVia, type SipVia } from "../message/via.ts";
import { defaultPort, isReliable, type SipFlow } from "../transport/flow.ts";
import {
  type ClientTransaction,
  type ClientTransactionCore,
  type ClientTransactionEvents,
  createClientTransaction,
  sibling,
} from "./client.ts";
import { createServerTransaction, type ServerTransaction, type ServerTransactionCore } from "./server.ts";
import type { Timers } from "./timers.ts";

export interface TransactionLayerOptions {
  readonly timers: Timers;
  readonly randomBytes: RandomBytes;
  /** Bound on transactions of either side. */
  readonly maxTransactions: number;
  /** What Via says of us for messages to that flow. */
  addressOf(flow: SipFlow): { readonly host: string; readonly port: number };
  send(flow: SipFlow, bytes: Uint8Array): boolean;
}

/** All transactions of an endpoint (RFC 3261 §17). */
export interface TransactionLayer {
  /** Whether no more requests should be taken. */
  readonly isFull: boolean;
  /** Sends a request through a new transaction, adding its Via; undefined if there are too many. */
  request(request: RequestDraft, flow: SipFlow, events: ClientTransactionEvents): ClientTransaction | undefined;
  /** Sends a request that is outside of transactions: the ACK to 2xx. False if it can't be sent. */
  sendAck(ack: RequestDraft, flow: SipFlow): boolean;
  /** Cancels a pending INVITE, which gets its final response as ever (RFC 3261 §9.1). */
  cancel(transaction: ClientTransaction): void;
  /** Hands a response to its transaction. */
  receiveResponse(response: SipResponse): void;
  /** Whether a request was a repetition, or an ACK that ended a transaction, and is dealt with. */
  absorb(request: SipRequest): boolean;
  /** Whether the request came before by another way (RFC 3261 §8.2.2.2). */
  isMerged(request: SipRequest): boolean;
  /** A new transaction of a request that wasn't absorbed. */
  accept(request: SipRequest, flow: SipFlow): ServerTransaction;
  /** The transaction that a CANCEL is about. */
  findCancelled(cancel: SipRequest): ServerTransaction | undefined;
  /** A connection broke: the requests that it carried fail. */
  flowFailed(flow: SipFlow): void;
}

/** RFC 3261 §17.2.3; ACK and CANCEL find the INVITE. Requests without the cookie are RFC 2543's. */
function serverKey(request: SipRequest, method: string): string {
  const { via, callId, cseq, from } = request;
  const branch = via.parameters.get("branch") ?? "";
  if (branch.length > BRANCH_COOKIE.length && branch.startsWith(BRANCH_COOKIE)) {
    return `${branch}\n${via.host}\n${via.port}\n${method}`;
  }
  return `${callId}\n${cseq}\n${tagOf(from)}\n${via.host}\n${via.port}\n${request.uri}\n${branch}\n${method}`;
}

const mergeKey = (request: SipRequest): string =>
  `${request.callId}\n${tagOf(request.from)}\n${request.cseq}\n${request.method}`;

/** Where the response to a request goes (RFC 3261 §18.2.2, RFC 3581 §4). Its Via is stamped already. */
export function replyFlow(via: SipVia, flow: SipFlow): SipFlow {
  if (isReliable(flow)) return flow;
  const rport = via.parameters.get("rport");
  const port = rport === undefined ? via.port || defaultPort("udp") : flow.port;
  return { ...flow, port };
}

export function createTransactionLayer(options: TransactionLayerOptions): TransactionLayer {
  const { timers, randomBytes, maxTransactions, addressOf, send } = options;
  const servers = new Map<string, ServerTransactionCore>();
  const clients = new Map<string, ClientTransactionCore>();
  const merges = new Map<string, string>();

  function withVia(request: RequestDraft, flow: SipFlow): { draft: RequestDraft; branch: string } {
    const branch = BRANCH_COOKIE + randomToken(randomBytes, 12);
    const { host, port } = addressOf(flow);
    const parameters = new Map([["branch", branch]]);
    if (!isReliable(flow)) parameters.set("rport", "");
    const via = formatVia({ transport: flow.transport.toUpperCase(), host, port, parameters });
    // First in the message: some peers read no further to answer.
    const headers = new Map([["via", [via]], ...[...request.headers].filter(([key]) => key !== "via")]);
    return { draft: { ...request, headers }, branch };
  }

  function start(draft: RequestDraft, flow: SipFlow, branch: string, events: ClientTransactionEvents) {
    const key = `${branch}\n${draft.method}`;
    const transaction = createClientTransaction(draft, flow, events, {
      timers,
      send,
      ended: () => clients.delete(key),
    });
    clients.set(key, transaction);
    return transaction;
  }

  return {
    get isFull() {
      return servers.size >= maxTransactions;
    },
    request(request, flow, events) {
      if (clients.size >= maxTransactions) return undefined;
      const { draft, branch } = withVia(request, flow);
      return start(draft, flow, branch, events);
    },
    sendAck: (ack, flow) => send(flow, formatRequest(withVia(ack, flow).draft)),
    cancel({ request, flow }) {
      const branch = /;branch=([^;]+)/.exec(request.headers.get("via")?.[0] ?? "")?.[1] ?? "";
      if (clients.has(`${branch}\nCANCEL`)) return;
      start(sibling(request, "CANCEL"), flow, branch, { response() {}, failed() {} });
      clients.get(`${branch}\nINVITE`)?.limit();
    },
    receiveResponse(response) {
      const branch = response.via.parameters.get("branch") ?? "";
      clients.get(`${branch}\n${response.method}`)?.receive(response);
    },
    absorb(request) {
      const isAck = request.method === "ACK";
      const transaction = servers.get(serverKey(request, isAck ? "INVITE" : request.method));
      if (!transaction) return false;
      if (!isAck) transaction.repeat();
      else if (transaction.request.method !== "INVITE") return false;
      else transaction.acknowledge();
      // The ACK to 2xx belongs to the dialog even where a client gave it the INVITE's branch.
      return !isAck || !transaction.isAccepted;
    },
    isMerged: request => tagOf(request.to) === "" && merges.has(mergeKey(request)),
    accept(request, flow) {
      const key = serverKey(request, request.method);
      const merge = mergeKey(request);
      const transaction = createServerTransaction(request, flow, replyFlow(request.via, flow), {
        timers,
        send,
        ended() {
          servers.delete(key);
          if (merges.get(merge) === key) merges.delete(merge);
        },
      });
      servers.set(key, transaction);
      merges.set(merge, key);
      return transaction;
    },
    findCancelled: cancel => servers.get(serverKey(cancel, "INVITE")),
    flowFailed(failed) {
      for (const transaction of [...clients.values()]) {
        const { flow } = transaction;
        const isSame =
          flow.transport === failed.transport && flow.address === failed.address && flow.port === failed.port;
        if (isSame && (flow.connection === 0 || flow.connection === failed.connection)) transaction.fail();
      }
    },
  };
}

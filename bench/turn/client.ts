/** As much of a TURN client as the load needs: allocate and bind one channel, many clients at once. */
import type { KeyObject } from "node:crypto";
import { createStunAddress } from "../../media-node/stun/address.ts";
import {
  STUN_ATTRIBUTE,
  STUN_CLASS,
  STUN_FAMILY,
  STUN_METHOD,
  STUN_PASSWORD_ALGORITHM,
} from "../../media-node/stun/constants.ts";
import { longTermKey } from "../../media-node/stun/credentials.ts";
import {
  attributeText,
  createStunMessage,
  findAttribute,
  parseStun,
  readAddress,
  readErrorCode,
} from "../../media-node/stun/message.ts";
import { createStunWriter, type StunWriter } from "../../media-node/stun/writer.ts";
import { PASSWORD, REALM, USER } from "./credentials.ts";
import { createPoll, openSocket, packet, receive, received, send } from "./sockets.ts";

export interface Client {
  readonly socket: number;
  /** Port of its relay on 127.0.0.1. */
  relay: number;
}

export const CHANNEL = 0x4000;

const UDP = 17 << 24;
const TIMEOUT = 20_000;
/** Requests under way at once. */
const WINDOW = 32;

interface Pending extends Client {
  nonce: string;
  state: "new" | "asked" | "allocated" | "bound";
}

/** Allocates for `count` clients, and binds a channel to a port of 127.0.0.1 unless that is 0. */
export function openClients(server: number, count: number, peer: number): Client[] {
  const key = longTermKey(STUN_PASSWORD_ALGORITHM.md5, USER, REALM, PASSWORD)!;
  const writer = createStunWriter();
  const message = createStunMessage();
  const address = createStunAddress();
  const poll = createPoll();
  const clients: Pending[] = [];
  const transaction = new Uint8Array(12);
  let done = 0;

  function request(client: Pending, method: number, write: (writer: StunWriter) => void, signer?: KeyObject): void {
    crypto.getRandomValues(transaction);
    writer.begin(packet, 0, STUN_CLASS.request, method, transaction, 0);
    write(writer);
    if (signer) {
      writer.text(STUN_ATTRIBUTE.username, USER);
      writer.text(STUN_ATTRIBUTE.realm, REALM);
      writer.text(STUN_ATTRIBUTE.nonce, client.nonce);
      writer.integrity(signer);
    }
    send(client.socket, writer.finish());
  }

  function allocate(client: Pending, signer?: KeyObject): void {
    request(client, STUN_METHOD.allocate, to => to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP), signer);
  }

  function answered(client: Pending): void {
    const length = receive(client.socket);
    if (length < 0 || !parseStun(message, received, 0, length)) return;
    const error = readErrorCode(message);
    if (error === 401 && client.state === "new") {
      client.nonce = attributeText(message, STUN_ATTRIBUTE.nonce) ?? "";
      client.state = "asked";
      allocate(client, key);
      return;
    }
    if (error !== 0) throw new Error(`the server answered ${error}`);
    if (client.state === "asked") {
      readAddress(message, findAttribute(message, STUN_ATTRIBUTE.xorRelayedAddress), true, address);
      client.relay = address.port;
      client.state = peer === 0 ? "bound" : "allocated";
      if (peer === 0) done++;
      else
        request(
          client,
          STUN_METHOD.channelBind,
          to => {
            to.uint32(STUN_ATTRIBUTE.channelNumber, CHANNEL * 0x10000);
            to.xorAddressBytes(STUN_ATTRIBUTE.xorPeerAddress, STUN_FAMILY.ipv4, Uint8Array.of(127, 0, 0, 1), peer);
          },
          key,
        );
    } else if (client.state === "allocated") {
      client.state = "bound";
      done++;
    }
  }

  const deadline = performance.now() + TIMEOUT + count * 5;
  while (done < count) {
    while (clients.length < count && clients.length - done < WINDOW) {
      const client: Pending = { socket: openSocket(server), relay: 0, nonce: "", state: "new" };
      poll.add(client.socket, clients.length);
      clients.push(client);
      allocate(client);
    }
    poll.readable(index => answered(clients[index]!));
    if (performance.now() > deadline) throw new Error(`${done} of ${count} clients got through`);
  }
  return clients;
}

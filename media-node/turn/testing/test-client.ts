import type { KeyObject } from "node:crypto";
import { formatAddress, parseAddress } from "../../net/address.ts";
import { createStunAddress } from "../../stun/address.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_FAMILY, STUN_METHOD, STUN_PASSWORD_ALGORITHM } from "../../stun/constants.ts";
import { longTermKey, passwordAlgorithms } from "../../stun/credentials.ts";
import { verifyIntegrity, verifyIntegritySha256 } from "../../stun/integrity.ts";
import {
  attributeText,
  attributeUint32,
  createStunMessage,
  findAttribute,
  parseStun,
  readAddress,
  readErrorCode,
  type StunMessage,
} from "../../stun/message.ts";
import { createStunWriter, type StunWriter } from "../../stun/writer.ts";
import type { TransportKind } from "../io.ts";
import type { TurnInlet } from "../server.ts";

export interface ClientOptions {
  readonly address?: string;
  readonly kind?: TransportKind;
  readonly username?: string;
  readonly password?: string;
  readonly algorithm?: number;
}

export interface Answer {
  readonly class: number;
  readonly method: number;
  readonly error: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly message: StunMessage;
  /** Signed with the client's key. */
  readonly authentic: boolean;
  text(type: number): string | undefined;
  uint32(type: number): number;
  address(type: number, index?: number): string | undefined;
}

export type Write = (to: StunWriter) => void;

export interface TestClient {
  readonly number: number;
  readonly key: KeyObject;
  /** What came, newest last: STUN as answers, ChannelData as bytes. */
  readonly inbox: Uint8Array[];
  nonce: string;
  /** Sends any bytes. */
  raw(bytes: Uint8Array): void;
  /** Sends a request without credentials; the answer, or undefined if there was silence. */
  plain(method: number, write?: Write): Answer | undefined;
  /** Sends a signed request, getting a nonce first where there is none. */
  request(method: number, write?: Write, change?: RequestChange): Answer | undefined;
  allocate(write?: Write): Answer | undefined;
  permit(...peers: string[]): Answer | undefined;
  bind(channel: number, peer: string): Answer | undefined;
  send(peer: string, data: Uint8Array, write?: Write): void;
  channelData(channel: number, data: Uint8Array): void;
  /** The newest message, parsed. */
  last(): Answer | undefined;
  disconnect(): void;
}

/** Ways in which a test's request differs from a proper one. */
export interface RequestChange {
  readonly transaction?: Uint8Array;
  readonly key?: KeyObject;
  readonly username?: string;
  readonly nonce?: string;
  /** Written behind the integrity attribute. */
  readonly after?: Write;
  readonly fingerprint?: boolean;
  /** Attributes of the algorithm negotiation; default: both if the algorithm isn't MD5. */
  readonly list?: Uint8Array | undefined;
  readonly chosen?: number | undefined;
  readonly sha256?: boolean;
}

export const UDP = 17 << 24;
/** Longest message of a client. */
export const SLAB = 128 * 1024;

/** Writes XOR-PEER-ADDRESS of `address:port` or `[address]:port`; IPv6 spellings of IPv4 stay as they are. */
export function peerAddress(to: StunWriter, peer: string): void {
  const colon = peer.lastIndexOf(":");
  const bytes = parseAddress(peer.slice(0, colon).replace(/[[\]]/g, ""))!;
  const family = bytes.length === 4 ? STUN_FAMILY.ipv4 : STUN_FAMILY.ipv6;
  to.xorAddressBytes(STUN_ATTRIBUTE.xorPeerAddress, family, bytes, Number(peer.slice(colon + 1)));
}

/** @param clock its `now` is the time of what the client does */
export function createClient(
  clock: { readonly now: number },
  inlet: TurnInlet,
  number: number,
  inbox: Uint8Array[],
  options: ClientOptions,
): TestClient {
  const { username = "alice", password = "wonderland", algorithm = STUN_PASSWORD_ALGORITHM.md5 } = options;
  const key = longTermKey(algorithm, username, "tandem", password)!;
  const isSha256 = algorithm === STUN_PASSWORD_ALGORITHM.sha256;
  const writer = createStunWriter();
  const buffer = new Uint8Array(SLAB);

  function read(bytes: Uint8Array): Answer | undefined {
    const message = createStunMessage();
    if (!parseStun(message, bytes, 0, bytes.length)) return undefined;
    const address = createStunAddress();
    return {
      class: message.class,
      method: message.method,
      error: readErrorCode(message),
      length: bytes.length,
      bytes,
      message,
      authentic: verifyIntegrity(message, key) || verifyIntegritySha256(message, key),
      text: type => attributeText(message, type),
      uint32: type => attributeUint32(message, type),
      address(type, index = 0) {
        let at = findAttribute(message, type);
        for (let i = 0; i < index && at >= 0; i++) at = findAttribute(message, type, at);
        if (at < 0 || !readAddress(message, at, true, address)) return undefined;
        const length = address.family === STUN_FAMILY.ipv4 ? 4 : 16;
        return `${formatAddress(address.bytes.subarray(0, length))}:${address.port}`;
      },
    };
  }

  function deliver(length: number): Answer | undefined {
    const before = inbox.length;
    client.raw(buffer.slice(0, length));
    return inbox.length > before ? read(inbox.at(-1)!) : undefined;
  }

  function begin(messageClass: number, method: number, transaction = randomTransaction()): void {
    writer.begin(buffer, 0, messageClass, method, transaction, 0);
  }

  const client: TestClient = {
    number,
    key,
    inbox,
    nonce: "",
    raw: bytes => inlet.receive(number, bytes, 0, bytes.length, clock.now),
    plain(method, write) {
      begin(STUN_CLASS.request, method);
      write?.(writer);
      return deliver(writer.finish());
    },
    request(method, write, change = {}) {
      if (client.nonce === "" && change.nonce === undefined)
        client.nonce =
          client
            .plain(STUN_METHOD.allocate, to => to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP))
            ?.text(STUN_ATTRIBUTE.nonce) ?? "";
      begin(STUN_CLASS.request, method, change.transaction);
      write?.(writer);
      writer.text(STUN_ATTRIBUTE.username, change.username ?? username);
      writer.text(STUN_ATTRIBUTE.realm, "tandem");
      writer.text(STUN_ATTRIBUTE.nonce, change.nonce ?? client.nonce);
      const list = "list" in change ? change.list : isSha256 ? passwordAlgorithms([2, 1]) : undefined;
      const chosen = "chosen" in change ? change.chosen : isSha256 ? 2 : undefined;
      if (list) writer.data(STUN_ATTRIBUTE.passwordAlgorithms, list);
      if (chosen !== undefined) writer.uint32(STUN_ATTRIBUTE.passwordAlgorithm, chosen * 0x10000);
      if (change.sha256 ?? isSha256) writer.integritySha256(change.key ?? key);
      else writer.integrity(change.key ?? key);
      change.after?.(writer);
      if (change.fingerprint) writer.fingerprint();
      return deliver(writer.finish());
    },
    allocate: write =>
      client.request(STUN_METHOD.allocate, to => {
        to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP);
        write?.(to);
      }),
    permit: (...peers) =>
      client.request(STUN_METHOD.createPermission, to => {
        for (const peer of peers) peerAddress(to, peer);
      }),
    bind: (channel, peer) =>
      client.request(STUN_METHOD.channelBind, to => {
        to.uint32(STUN_ATTRIBUTE.channelNumber, channel * 0x10000);
        peerAddress(to, peer);
      }),
    send(peer, data, write) {
      begin(STUN_CLASS.indication, STUN_METHOD.send);
      peerAddress(writer, peer);
      write?.(writer);
      writer.data(STUN_ATTRIBUTE.data, data);
      deliver(writer.finish());
    },
    channelData(channel, data) {
      const bytes = new Uint8Array(4 + data.length);
      bytes.set([channel >> 8, channel & 0xff, data.length >> 8, data.length & 0xff]);
      bytes.set(data, 4);
      client.raw(bytes);
    },
    last: () => (inbox.length > 0 ? read(inbox.at(-1)!) : undefined),
    disconnect: () => inlet.closed(number, clock.now),
  };
  return client;
}

let transactions = 0;

function randomTransaction(): Uint8Array {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setUint32(8, ++transactions);
  return bytes;
}

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect } from "vitest";
import { STUN_ATTRIBUTE, STUN_METHOD } from "../../stun/constants.ts";
import { type Answer, createClient, type TestClient, UDP } from "../../turn/testing/test-client.ts";

/** A client of TURN on a real socket of 127.0.0.1: user `alice`, password `wonderland`. */
export interface UdpTurnClient {
  readonly turn: TestClient;
  /** Sends a request and waits for the answer. */
  ask(request: (turn: TestClient) => unknown): Promise<Answer>;
  /** Gets a nonce and allocates. */
  allocate(): Promise<Answer>;
  close(): void;
}

/** @param onChannelData gets what peers sent */
export async function openUdpTurnClient(
  port: number,
  onChannelData: (payload: Uint8Array) => void = () => {},
): Promise<UdpTurnClient> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const inbox: Uint8Array[] = [];
  const inlet = {
    receive: (_client: number, bytes: Uint8Array) => socket.send(bytes, port, "127.0.0.1"),
    closed() {},
    hasAllocation: () => false,
  };
  const turn = createClient({ now: 0 }, inlet, 0, inbox, {});
  socket.on("message", bytes => {
    if (bytes[0]! >= 0x40) onChannelData(new Uint8Array(bytes.subarray(4)));
    else inbox.push(new Uint8Array(bytes));
  });

  const client: UdpTurnClient = {
    turn,
    async ask(request) {
      const before = inbox.length;
      request(turn);
      await expect.poll(() => inbox.length, { timeout: 10_000 }).toBeGreaterThan(before);
      return turn.last()!;
    },
    async allocate() {
      const asked = (): unknown =>
        turn.plain(STUN_METHOD.allocate, to => to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP));
      turn.nonce = (await client.ask(asked)).text(STUN_ATTRIBUTE.nonce) ?? "";
      return client.ask(() => turn.allocate());
    },
    close: () => socket.close(),
  };
  return client;
}

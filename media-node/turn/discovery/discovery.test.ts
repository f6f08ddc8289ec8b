import { describe, expect, it } from "vitest";
import { formatAddress } from "../../net/address.ts";
import { createStunAddress } from "../../stun/address.ts";
import { STUN_ATTRIBUTE, STUN_METHOD } from "../../stun/constants.ts";
import { createStunMessage, findAttribute, parseStun, readAddress } from "../../stun/message.ts";
import { createStunWriter } from "../../stun/writer.ts";
import { FUZZ_TIMEOUT, fuzz } from "../../testing/fuzz.ts";
import { createHarness } from "../testing/harness.ts";
import type { Write } from "../testing/test-client.ts";
import { CHANGE_IP, CHANGE_PORT, type DiscoveryPort, readDiscovery } from "./discovery.ts";

interface Sent {
  readonly change: number;
  readonly port: number;
  readonly bytes: Uint8Array;
}

/** A server on 192.0.2.1 and 192.0.2.2, ports 3478 and 3479, whose client speaks to the first of both. */
function discovering() {
  const sent: Sent[] = [];
  const discovery: DiscoveryPort = {
    origin: (_client, change) => ({
      address: (change & CHANGE_IP) === 0 ? "192.0.2.1" : "192.0.2.2",
      port: (change & CHANGE_PORT) === 0 ? 3478 : 3479,
    }),
    send: (_client, change, port, bytes, length) => sent.push({ change, port, bytes: bytes.slice(0, length) }),
  };
  const harness = createHarness({ challenges: { perSecond: 10, burst: 20 } }, { discovery });
  const client = harness.client();
  return { sent, client, ask: (write?: Write) => client.plain(STUN_METHOD.binding, write) };
}

function addressIn(bytes: Uint8Array, type: number, xor = false): string | undefined {
  const message = createStunMessage();
  const address = createStunAddress();
  if (!parseStun(message, bytes, 0, bytes.length)) return undefined;
  const at = findAttribute(message, type);
  if (at < 0 || !readAddress(message, at, xor, address)) return undefined;
  return `${formatAddress(address.bytes.subarray(0, 4))}:${address.port}`;
}

describe("a Binding answer with NAT behaviour discovery on", () => {
  it("tells where it comes from and where the other address is", () => {
    const { sent, ask } = discovering();
    ask();
    expect(sent).toMatchObject([{ change: 0, port: 0 }]);
    expect(addressIn(sent[0]!.bytes, STUN_ATTRIBUTE.xorMappedAddress, true)).toBe("192.0.2.9:1024");
    expect(addressIn(sent[0]!.bytes, STUN_ATTRIBUTE.responseOrigin)).toBe("192.0.2.1:3478");
    expect(addressIn(sent[0]!.bytes, STUN_ATTRIBUTE.otherAddress)).toBe("192.0.2.2:3479");
  });

  it.each([
    [CHANGE_IP, "192.0.2.2:3478"],
    [CHANGE_PORT, "192.0.2.1:3479"],
    [CHANGE_IP | CHANGE_PORT, "192.0.2.2:3479"],
  ])("leaves from where CHANGE-REQUEST %i says", (change, origin) => {
    const { sent, ask } = discovering();
    ask(to => to.uint32(STUN_ATTRIBUTE.changeRequest, change));
    expect(sent[0]).toMatchObject({ change });
    expect(addressIn(sent[0]!.bytes, STUN_ATTRIBUTE.responseOrigin)).toBe(origin);
  });

  it("goes to the port that RESPONSE-PORT names, of the address it was asked from", () => {
    const { sent, ask } = discovering();
    ask(to => to.data(STUN_ATTRIBUTE.responsePort, Uint8Array.of(0x12, 0x34)));
    ask(to => to.uint32(STUN_ATTRIBUTE.responsePort, 0x1234_0000));
    expect(sent).toMatchObject([{ port: 0x1234 }, { port: 0x1234 }]);
  });

  it("is padded only by what the request was padded with, and never longer than it", () => {
    const { sent, ask } = discovering();
    for (const padding of [0, 1, 40, 100, 1500, 4000]) {
      ask(to => to.data(STUN_ATTRIBUTE.padding, new Uint8Array(padding)));
      const { bytes } = sent.at(-1)!;
      expect(bytes.length).toBeLessThanOrEqual(Math.max(56, 24 + padding));
      expect(bytes.length).toBeLessThanOrEqual(56 + 4 + 1500);
    }
    ask(to => to.data(STUN_ATTRIBUTE.padding, new Uint8Array(1500)));
    expect(sent.at(-1)!.bytes.length).toBeGreaterThan(1500);
  });

  it("is at most 2.8 times as long as its request, and is silence over the source's budget", () => {
    const { sent, ask } = discovering();
    for (let i = 0; i < 100; i++) ask();
    expect(sent.length).toBe(20);
    for (const { bytes } of sent) expect(bytes.length / 20).toBeLessThanOrEqual(2.8);
  });

  it.each<[string, Write]>([
    ["a CHANGE-REQUEST of another size", to => to.data(STUN_ATTRIBUTE.changeRequest, new Uint8Array(3))],
    ["a RESPONSE-PORT of another size", to => to.data(STUN_ATTRIBUTE.responsePort, Uint8Array.of(1))],
    ["port 0", to => to.uint32(STUN_ATTRIBUTE.responsePort, 0)],
    [
      "padding for another port",
      to => {
        to.uint32(STUN_ATTRIBUTE.responsePort, 0x1234_0000);
        to.data(STUN_ATTRIBUTE.padding, new Uint8Array(100));
      },
    ],
  ])("is 400 for %s", (_, write) => {
    const { sent, ask } = discovering();
    expect(ask(write)?.error).toBe(400);
    expect(sent).toEqual([]);
  });
});

it("whatever a Binding request holds, it is read without a throw and within bounds", { timeout: FUZZ_TIMEOUT }, () => {
  const writer = createStunWriter();
  const bytes = new Uint8Array(200);
  writer.begin(bytes, 0, 0, STUN_METHOD.binding, new Uint8Array(12), 0);
  writer.uint32(STUN_ATTRIBUTE.changeRequest, 6);
  writer.data(STUN_ATTRIBUTE.padding, new Uint8Array(40));
  writer.uint32(STUN_ATTRIBUTE.responsePort, 0x1234_0000);
  const seed = bytes.slice(0, writer.finish());
  const message = createStunMessage();
  const wish = { change: 0, responsePort: 0, padding: -1 };
  fuzz([seed], input => {
    if (!parseStun(message, input, 0, input.length)) return;
    const error = readDiscovery(message, wish);
    if (error !== 0 && error !== 400) throw new Error(`answers ${error}`);
    if (![0, 2, 4, 6].includes(wish.change) || wish.responsePort > 65_535) throw new Error(JSON.stringify(wish));
  });
});

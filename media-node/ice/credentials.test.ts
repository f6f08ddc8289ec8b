import { describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../stun/constants.ts";
import { createStunMessage, parseStun } from "../stun/message.ts";
import { createStunWriter } from "../stun/writer.ts";
import { hostCandidates } from "./candidate.ts";
import { createIceCredentials, receiverUfrag } from "./credentials.ts";

describe("credentials", () => {
  it("name the worker, and are else random, in ice-char", () => {
    const seen = new Set<string>();
    const names = new Set<string>();
    for (let worker = 0; worker < 4096; worker++) {
      const { ufrag, password } = createIceCredentials(worker);
      expect(createIceCredentials(worker).ufrag.slice(0, 2)).toBe(ufrag.slice(0, 2));
      names.add(ufrag.slice(0, 2));
      expect(ufrag).toMatch(/^[A-Za-z0-9+/]{8}$/);
      expect(password).toMatch(/^[A-Za-z0-9+/]{24}$/);
      seen.add(password).add(ufrag.slice(2));
    }
    expect([names.size, seen.size]).toEqual([4096, 8192]);
  });

  it("refuse a worker that they can't name", () => {
    for (const worker of [-1, 4096, 1.5, Number.NaN]) expect(() => createIceCredentials(worker)).toThrow(RangeError);
  });
});

describe("routing by user name", () => {
  const route = (username: string | undefined) => {
    const writer = createStunWriter();
    const buffer = new Uint8Array(700);
    writer.begin(buffer, 0, STUN_CLASS.request, STUN_METHOD.binding, new Uint8Array(12), 0);
    if (username !== undefined) writer.text(STUN_ATTRIBUTE.username, username);
    const message = createStunMessage();
    expect(parseStun(message, buffer, 0, writer.finish())).toBe(true);
    return receiverUfrag(message);
  };

  it("takes what stands before the colon", () => {
    expect(route("BNxyzuvw:evtj")).toBe("BNxyzuvw");
    expect(route(":evtj")).toBe("");
    expect(route("BNxyzuvw:")).toBe("BNxyzuvw");
  });

  it("finds nothing in a plain STUN request, nor in a name of endless length", () => {
    expect(route(undefined)).toBeUndefined();
    expect(route("no colon")).toBeUndefined();
    expect(route("x".repeat(600))).toBeUndefined();
  });
});

describe("candidates", () => {
  it("prefer UDP to TCP and keep the order given", () => {
    const lines = hostCandidates([
      { protocol: "tcp", address: "192.0.2.1", port: 7000 },
      { protocol: "udp", address: "2001:db8::1", port: 7000 },
      { protocol: "udp", address: "192.0.2.1", port: 7000 },
    ]);
    expect(lines).toEqual([
      "1 1 tcp 1520435199 192.0.2.1 7000 typ host tcptype passive",
      "2 1 udp 2130706175 2001:db8::1 7000 typ host",
      "3 1 udp 2130705919 192.0.2.1 7000 typ host",
    ]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Self } from "../../protocol/model.ts";
import type { Surroundings } from "../core/index.ts";
import { createFakeSurroundings, seeded } from "../core/testing/fake-surroundings.ts";
import { createVirtualTime } from "../core/testing/virtual-time.ts";
import type { Ice } from "../ice.ts";
import { fakeStream, fakeTrack } from "../testing/fake-media.ts";
import { createSession } from "./session.ts";

beforeEach(() => vi.stubGlobal("RTCRtpReceiver", { getCapabilities: () => null }));
afterEach(() => vi.unstubAllGlobals());

/** A session on a connection that does as it is told, and all that happens to it in order. */
function setUp() {
  const time = createVirtualTime();
  const log: string[] = [];
  const connection = {
    connectionState: "new",
    signalingState: "stable",
    localDescription: { sdp: "offer" },
    onconnectionstatechange: () => {},
    addTransceiver: () => ({
      mid: null,
      sender: { replaceTrack: async () => {} },
      receiver: { getStats: async () => new Map() },
    }),
    createDataChannel: () => ({ readyState: "connecting" }),
    createOffer: async () => ({ type: "offer" }),
    setLocalDescription: async () => void log.push("gather"),
    setRemoteDescription: async () => void log.push("answered"),
    restartIce: () => log.push("restart"),
    close() {},
  };
  let refreshed = Promise.withResolvers<void>();
  refreshed.resolve();
  const ice: Ice = {
    update() {},
    connect: () => connection as unknown as RTCPeerConnection,
    stale: false,
    refresh(_connection, use) {
      log.push(`servers to ${use}`);
      return refreshed.promise;
    },
  };
  const session = createSession({
    host: { createConnection: () => connection as unknown as RTCPeerConnection, createStream: fakeStream },
    surroundings: createFakeSurroundings(time, (() => {}) as unknown as Surroundings["openSocket"], seeded(1)),
    ice,
    offer: async () => ({ sdp: "answer" }),
    silent: () => log.push("silent"),
    changed() {},
    failed: error => log.push(`failed: ${error}`),
  });
  return {
    session,
    time,
    log,
    hold() {
      refreshed = Promise.withResolvers();
      return refreshed.resolve;
    },
    fail() {
      connection.connectionState = "failed";
      connection.onconnectionstatechange();
    },
  };
}

describe("a session's servers", () => {
  it("are brought up to date before anything is gathered", async () => {
    const { time, log } = setUp();
    await time.settle();
    expect(log).toEqual(["servers to start", "gather", "answered"]);
  });

  it("stay while ICE goes on: browsers take others for a wish to restart", async () => {
    const { session, time, log } = setUp();
    await time.settle();
    log.length = 0;
    const source = { number: 20, kind: "custom" as const, track: fakeTrack("video"), sending: true };
    session.sync({ you: {} as Self, participants: [], sources: [source] });
    await time.settle();
    expect(log).toEqual(["gather", "answered"]);
  });

  it("are asked for again where the old path has failed, and may do on another network", async () => {
    const { session, time, log, fail } = setUp();
    await time.settle();
    log.length = 0;
    fail();
    await time.settle();
    expect(log).toEqual(["silent", "restart", "servers to restart", "gather", "answered"]);
    log.length = 0;
    session.networkChanged();
    await time.settle();
    expect(log).toEqual(["restart", "servers to start", "gather", "answered"]);
  });

  it("come too late for a session that has been closed", async () => {
    const { session, time, log, hold } = setUp();
    await time.settle();
    log.length = 0;
    const come = hold();
    session.networkChanged();
    session.close();
    come();
    await time.settle();
    expect(log).toEqual(["restart", "servers to start"]);
  });
});

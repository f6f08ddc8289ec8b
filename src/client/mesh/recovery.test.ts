import { beforeEach, describe, expect, it } from "vitest";
import { createVirtualTime, type VirtualTime } from "../core/testing/virtual-time.ts";
import { createRecovery, type Recovery } from "./recovery.ts";

describe("recovery", () => {
  let time: VirtualTime;
  let connection: { iceConnectionState: string; signalingState: string; remoteDescription: object | null };
  let restarts: number[];
  let silences: number;
  let reachable: boolean;
  let recovery: Recovery;

  const make = (polite: boolean): void => {
    recovery = createRecovery({
      connection: connection as unknown as RTCPeerConnection,
      polite,
      setTimer: time.setTimer,
      random: () => 0.5,
      reachable: () => reachable,
      restart: () => restarts.push(time.now()),
      silent: () => silences++,
    });
  };
  const become = (state: string): void => {
    connection.iceConnectionState = state;
    recovery.changed();
  };

  beforeEach(() => {
    time = createVirtualTime();
    connection = { iceConnectionState: "new", signalingState: "stable", remoteDescription: {} };
    restarts = [];
    silences = 0;
    reachable = true;
    make(false);
  });

  it("restarts at once when the network is another one, before anything fails", () => {
    become("connected");
    recovery.networkChanged();
    expect(restarts).toEqual([0]);
  });

  it("has nothing to restart before the first negotiation", () => {
    connection.remoteDescription = null;
    recovery.networkChanged();
    expect(restarts).toEqual([]);
  });

  it.each([
    [false, 500],
    [true, 2_000],
  ])("gives an interruption a moment to heal (polite: %s)", async (polite, wait) => {
    make(polite);
    become("connected");
    become("disconnected");
    await time.advance(wait - 1);
    expect(restarts).toEqual([]);
    await time.advance(1);
    expect(restarts).toEqual([wait]);
    become("connected");
    become("disconnected");
    await time.advance(wait - 1);
    become("connected");
    await time.advance(60_000);
    expect(restarts).toHaveLength(1);
  });

  it("restarts a failed connection at once, and ever slower while that does not help", async () => {
    become("failed");
    await time.advance(120_000);
    expect(restarts).toEqual([0, 4_000, 12_000, 28_000, 58_000, 88_000, 118_000]);
  });

  it("starts anew after a success", async () => {
    become("failed");
    await time.advance(20_000);
    become("checking");
    become("connected");
    await time.advance(60_000);
    restarts = [];
    become("failed");
    await time.advance(4_000);
    expect(restarts).toHaveLength(2);
  });

  it("goes on while a restart's checks come to nothing, but lets the very first checks take their time", async () => {
    become("checking");
    await time.advance(14_000);
    expect(restarts).toEqual([]);
    become("failed");
    await time.advance(0);
    become("checking");
    await time.advance(4_000);
    expect(restarts).toHaveLength(2);
  });

  it("waits until the peer can be reached", async () => {
    become("connected");
    reachable = false;
    recovery.networkChanged();
    await time.advance(60_000);
    expect(restarts).toEqual([]);
    reachable = true;
    recovery.reachable();
    expect(restarts).toHaveLength(1);
    become("connected");
    recovery.reachable();
    expect(restarts).toHaveLength(1);
    connection.iceConnectionState = "disconnected";
    recovery.reachable();
    expect(restarts).toHaveLength(2);
  });

  it("lets an offer that is out come to its end first", async () => {
    become("connected");
    connection.signalingState = "have-local-offer";
    become("failed");
    await time.advance(10_000);
    expect(restarts).toEqual([]);
    connection.signalingState = "stable";
    await time.advance(4_000);
    expect(restarts).toHaveLength(1);
  });

  it("reports a peer from which nothing comes any more, and none that never came", async () => {
    become("failed");
    await time.advance(20_000);
    expect(silences).toBe(0);
    become("connected");
    become("disconnected");
    await time.advance(9_000);
    expect(silences).toBe(2);
    become("connected");
    await time.advance(60_000);
    expect(silences).toBe(2);
  });

  it("does nothing after its end", async () => {
    become("connected");
    become("disconnected");
    recovery.close();
    await time.advance(60_000);
    expect([restarts, silences]).toEqual([[], 0]);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { createVirtualTime, type VirtualTime } from "../core/testing/virtual-time.ts";
import type { OutgoingSource } from "../media-path.ts";
import { fakeStream, fakeTrack } from "../testing/fake-media.ts";
import { createSenders, type Senders } from "./senders.ts";
import { createFakeConnection, type FakeConnection } from "./testing/fake-connection.ts";
import { createFakeNetwork } from "./testing/fake-network.ts";

const source = (number: number, kind: OutgoingSource["kind"], sending = true): OutgoingSource => ({
  number,
  kind,
  track: fakeTrack(kind === "mic" ? "audio" : "video"),
  sending,
});

describe("senders", () => {
  let time: VirtualTime;
  let connection: FakeConnection;
  let senders: Senders;
  let failures: unknown[];

  beforeEach(() => {
    time = createVirtualTime();
    connection = createFakeConnection(time, createFakeNetwork(time), () => 1);
    failures = [];
    senders = createSenders(
      connection as unknown as RTCPeerConnection,
      { createStream: fakeStream, createConnection: () => connection as unknown as RTCPeerConnection },
      error => failures.push(error),
    );
  });

  const carried = (): unknown[] => connection.getTransceivers().map(({ sender }) => sender.track);

  it("carry each source once, and nothing for those that are muted", async () => {
    const [mic, camera] = [source(16, "mic"), source(17, "camera", false)];
    senders.sync([mic, camera]);
    senders.sync([mic, camera]);
    await time.advance(10);
    expect(carried()).toEqual([mic.track, null]);
    senders.sync([
      { ...mic, sending: false },
      { ...camera, sending: true },
    ]);
    await time.advance(10);
    expect(carried()).toEqual([null, camera.track]);
    expect(senders.sources()).toEqual({});
  });

  it("give the next source of a kind its own line while one of it has never sent", async () => {
    const [first, second] = [source(17, "camera", false), source(20, "camera")];
    senders.sync([first]);
    await time.advance(10);
    senders.sync([first, second]);
    await time.advance(10);
    expect(carried()).toEqual([null, second.track]);
    senders.sync([{ ...first, sending: true }, second]);
    await time.advance(10);
    expect(carried()).toEqual([first.track, second.track]);
  });

  it("give each source a sender of its own, although the browser has not put the other's track into the line it took", async () => {
    const [left, next, another] = [source(17, "camera"), source(20, "camera"), source(21, "camera")];
    senders.sync([left]);
    senders.sync([]);
    senders.sync([next]);
    senders.sync([next, another]);
    await time.advance(10);
    expect(carried()).toEqual([next.track, another.track]);
  });

  it("leave the line of a source that ends muted, or before the browser has unmuted it", async () => {
    const camera = source(17, "camera");
    for (const last of [false, true]) {
      senders.sync([camera]);
      await time.advance(10);
      senders.sync([{ ...camera, sending: false }]);
      await time.advance(10);
      senders.sync([{ ...camera, sending: last }]);
      senders.sync([]);
      await time.advance(10);
      expect(carried()).toEqual([null]);
      expect(connection.getTransceivers()[0]?.direction).toBe("recvonly");
    }
  });

  it("take a track that another source has been switched away from, before the browser has", async () => {
    const [camera, screen] = [source(17, "camera"), source(18, "screen")];
    senders.sync([camera]);
    senders.sync([
      { ...camera, track: screen.track },
      { ...screen, track: camera.track },
    ]);
    await time.advance(10);
    expect(carried()).toEqual([screen.track, camera.track]);
  });

  it("tell of a track that the browser does not take", async () => {
    const mic = source(16, "mic");
    senders.sync([mic]);
    senders.sync([{ ...mic, track: fakeTrack("video") }]);
    await time.advance(10);
    expect(failures).toHaveLength(1);
  });
});

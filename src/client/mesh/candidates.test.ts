import { beforeEach, describe, expect, it } from "vitest";
import { createVirtualTime, type VirtualTime } from "../core/testing/virtual-time.ts";
import { createCandidateReceiver, createCandidateSender } from "./candidates.ts";

const candidate = (name: string, usernameFragment: string | null = "u1") => ({
  candidate: name,
  sdpMid: "0",
  sdpMLineIndex: 0,
  usernameFragment,
});
type Candidate = ReturnType<typeof candidate>;

describe("our candidates", () => {
  let time: VirtualTime;
  let sent: { negotiation: string; names: string[] }[];
  let sender: ReturnType<typeof createCandidateSender>;
  const add = (made: Candidate, negotiation: string): void => sender.add(made as RTCIceCandidate, negotiation);

  beforeEach(() => {
    time = createVirtualTime();
    sent = [];
    sender = createCandidateSender(time.setTimer, (negotiation, candidates) =>
      sent.push({ negotiation, names: candidates.map(({ candidate }) => candidate) }),
    );
  });

  it("leave in one frame for each 50 ms, at most 64 in each", async () => {
    add(candidate("a"), "1.1");
    await time.advance(49);
    add(candidate("b"), "1.1");
    expect(sent).toEqual([]);
    await time.advance(1);
    expect(sent).toEqual([{ negotiation: "1.1", names: ["a", "b"] }]);
    for (let count = 0; count < 65; count++) add(candidate(`${count}`), "1.1");
    await time.advance(50);
    expect(sent.slice(1).map(({ names }) => names.length)).toEqual([64, 1]);
  });

  it("of another ICE generation leave under their own negotiation", async () => {
    add(candidate("a"), "1.1");
    add(candidate("b", "u2"), "1.2");
    await time.advance(50);
    expect(sent).toEqual([
      { negotiation: "1.1", names: ["a"] },
      { negotiation: "1.2", names: ["b"] },
    ]);
  });

  it("of the current generation go again when they may have been lost", async () => {
    add(candidate("old"), "1.1");
    add(candidate("a", "u2"), "1.2");
    await time.advance(50);
    sent = [];
    add(candidate("b", "u2"), "1.2");
    sender.resend();
    expect(sent).toEqual([{ negotiation: "1.2", names: ["a", "b"] }]);
    await time.advance(50);
    expect(sent).toHaveLength(1);
  });

  it("stay here after the end", async () => {
    add(candidate("a"), "1.1");
    sender.close();
    await time.advance(100);
    expect(sent).toEqual([]);
  });
});

describe("the peer's candidates", () => {
  let remote: { sdp: string } | null;
  let added: string[];
  let receiver: ReturnType<typeof createCandidateReceiver>;

  beforeEach(() => {
    remote = null;
    added = [];
    receiver = createCandidateReceiver({
      get remoteDescription() {
        return remote;
      },
      async addIceCandidate(made: RTCIceCandidateInit) {
        if (made.candidate === "bad") throw new Error("bad");
        added.push(made.candidate ?? "");
      },
    } as RTCPeerConnection);
  });

  it("wait for the description of their generation", async () => {
    await receiver.receive("2.1", [candidate("a"), candidate("b", "u2"), candidate("c", null)]);
    expect(added).toEqual([]);
    remote = { sdp: "v=0\r\na=ice-ufrag:u1\r\n" };
    await receiver.described();
    expect(added).toEqual(["a", "c"]);
    await receiver.receive("2.1", [candidate("d")]);
    remote = { sdp: "v=0\r\na=ice-ufrag:u1x\r\na=ice-ufrag:u2\r\n" };
    await receiver.described();
    await receiver.described();
    expect(added).toEqual(["a", "c", "d", "b"]);
  });

  it("of an ignored offer are dropped, those that came and those to come, but not what fits all the same", async () => {
    remote = { sdp: "a=ice-ufrag:u1\r\n" };
    await receiver.receive("2.1", [candidate("a", "u2")]);
    receiver.ignore("2.1");
    await receiver.receive("2.1", [candidate("b", "u2"), candidate("c", "u1")]);
    remote = { sdp: "a=ice-ufrag:u2\r\n" };
    await receiver.described();
    expect(added).toEqual(["c"]);
  });

  it("don't harm each other", async () => {
    remote = { sdp: "a=ice-ufrag:u1\r\n" };
    await receiver.receive("2.1", [candidate("bad"), candidate("good")]);
    expect(added).toEqual(["good"]);
  });

  it("wait in bounded number", async () => {
    for (let round = 0; round < 50; round++) {
      await receiver.receive(
        "2.1",
        Array.from({ length: 64 }, (_, index) => candidate(`${round}.${index}`)),
      );
    }
    remote = { sdp: "a=ice-ufrag:u1\r\n" };
    await receiver.described();
    expect(added).toHaveLength(256);
    expect(added.at(-1)).toBe("49.63");
  });
});

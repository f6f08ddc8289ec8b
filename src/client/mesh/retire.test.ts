import { expect, it } from "vitest";
import type { ReceivedSignal } from "../../protocol/commands.ts";
import type { Participant, Self } from "../../protocol/model.ts";
import type { Surroundings } from "../core/index.ts";
import { createFakeSurroundings, seeded } from "../core/testing/fake-surroundings.ts";
import { createVirtualTime } from "../core/testing/virtual-time.ts";
import type { MediaPath } from "../media-path.ts";
import { fakeStream, fakeTrack } from "../testing/fake-media.ts";
import { createMesh } from "./mesh.ts";
import { createFakeConnection } from "./testing/fake-connection.ts";
import { createFakeNetwork } from "./testing/fake-network.ts";

const ALL = ["ann", "bob", "cyd"];
const participantOf = (pid: string): Participant => {
  const number = ALL.indexOf(pid) + 1;
  const sources = [{ number: number * 16, kind: "mic", muted: false }];
  return { pid, number, sources, state: "here", direct: true } as unknown as Participant;
};

/** Meshes of some, in a room of all: signals to anybody else are lost. */
function createMeshes(pids: readonly string[]) {
  const time = createVirtualTime();
  const network = createFakeNetwork(time);
  const random = seeded(1);
  const meshes = new Map<string, MediaPath>();
  for (const from of pids) {
    const mesh = createMesh({
      host: {
        createConnection: () =>
          createFakeConnection(time, network, () => Math.floor(random() * 15)) as unknown as RTCPeerConnection,
        createStream: fakeStream,
      },
      surroundings: createFakeSurroundings(time, (() => {}) as unknown as Surroundings["openSocket"], random),
      ice: {
        update() {},
        connect: host => host.createConnection({}),
        stale: false,
        refresh: async () => {},
      },
      up: () => true,
      signal: (type, { to, ...body }) =>
        void time.setTimer(() => meshes.get(to)?.receive({ type, from, ...body } as ReceivedSignal<typeof type>), 10),
      silent() {},
      changed() {},
      failed: error => expect.unreachable(String(error)),
    });
    meshes.set(from, mesh);
    const you = participantOf(from) as Self;
    const participants = ALL.filter(pid => pid !== from).map(participantOf);
    const source = { number: you.number * 16, kind: "mic" as const, track: fakeTrack("audio"), sending: true };
    mesh.sync({ you, participants, sources: [source] });
  }
  const peersOf = (pid: string) => meshes.get(pid)?.connections.map(({ pid }) => pid);
  return { time, peersOf, retire: (pid: string) => meshes.get(pid)?.retire() };
}

it("a mesh that is needed no more keeps what others still get by it, and nothing that never stood", async () => {
  // Cyd came when the media node had the room already, and answers nobody.
  const { time, peersOf, retire } = createMeshes(["ann", "bob"]);
  await time.advance(2_000);
  expect([peersOf("ann"), peersOf("bob")]).toEqual([
    ["bob", "cyd"],
    ["ann", "cyd"],
  ]);
  retire("ann");
  expect(peersOf("ann")).toEqual(["bob"]);
  await time.advance(1_000);
  expect(peersOf("bob")).toEqual(["ann", "cyd"]);
  retire("bob");
  await time.advance(1_000);
  expect([peersOf("ann"), peersOf("bob")]).toEqual([[], []]);
});

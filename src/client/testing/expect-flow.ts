import { expect } from "vitest";
import type { FakeConnection } from "../mesh/testing/fake-connection.ts";
import type { LocalSource } from "../types.ts";
import type { Caller } from "./model-call.ts";

const connectionBetween = (one: Caller, other: Caller): FakeConnection | undefined => {
  const { pid } = other.room.store.get().you;
  const open = one.room.connections.find(connection => connection.pid === pid);
  return open?.connection as unknown as FakeConnection | undefined;
};

/**
 * Assert that `sources` of `from`, and nothing else, reach `to` under their own numbers: for each, the track that `to` is
 * shown hangs at the far end of the m-line into which `from` puts that very source.
 */
export function expectFlow(from: Caller, to: Caller, sources: readonly LocalSource[]): void {
  const here = connectionBetween(to, from);
  const there = connectionBetween(from, to);
  const { you } = from.room.store.get();
  const view = to.room.store.get().participants.find(({ pid }) => pid === you.pid);
  expect(view?.sources.map(({ number }) => number)).toEqual(sources.map(({ number }) => number).sort((a, b) => a - b));
  const due = sources.filter(({ muted }) => !muted).map(({ track }) => track.id);
  const sent = there?.getTransceivers().flatMap(({ sender }) => sender.track?.id ?? []) ?? [];
  expect(sent.sort()).toEqual(due.sort());
  if (sources.length === 0) return;
  expect(view?.connection).toBe("connected");
  expect([here?.signalingState, there?.signalingState]).toEqual(["stable", "stable"]);
  // Until it notices, a browser calls a dead path connected.
  for (const end of [here?.endpoint, there?.endpoint]) expect(end?.gatheredOn).toBe(end?.network);
  for (const source of sources) {
    const shown = view?.sources.find(({ number }) => number === source.number);
    const line = here?.getTransceivers().find(({ receiver }) => receiver.track === (shown?.track as unknown));
    expect(line, `${source.kind} ${source.number} is shown`).toBeDefined();
    expect(line?.currentDirection).toMatch(/^(sendrecv|recvonly)$/);
    expect(line?.receiver.track.enabled).toBe(!source.muted);
    const origin = there?.getTransceivers().find(({ mid }) => mid === line?.mid);
    expect(origin?.currentDirection).toMatch(/^send/);
    expect(origin?.sender.track).toBe(source.muted ? null : source.track);
  }
}

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type DeviceChange,
  DeviceError,
  type DeviceList,
  listDevices,
  openCamera,
  openMicrophone,
  watchDevices,
} from "./devices.ts";
import { type FakeDevices, installFakeDevices } from "./testing/fake-devices.ts";

const mic = (deviceId: string) => ({ kind: "audioinput" as const, deviceId, label: `Mic ${deviceId}` });
const camera = (deviceId: string) => ({ kind: "videoinput" as const, deviceId, label: `Camera ${deviceId}` });
/** Let promises of fakes, which need no time, come to their end. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
};

describe("devices", () => {
  let devices: FakeDevices;
  beforeEach(() => {
    devices = installFakeDevices();
    devices.list = [
      mic("a"),
      mic("b"),
      camera("c"),
      camera("d"),
      { kind: "audiooutput", deviceId: "s", label: "Speaker" },
    ];
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("are listed by what they are", async () => {
    const list = await listDevices();
    expect(list.microphones).toEqual([
      { deviceId: "a", label: "Mic a" },
      { deviceId: "b", label: "Mic b" },
    ]);
    expect([list.cameras.length, list.speakers.length]).toEqual([2, 1]);
    vi.stubGlobal("navigator", {});
    expect(await listDevices()).toEqual({ microphones: [], cameras: [], speakers: [] });
  });

  it("are told now and as they come and go, until stopped", async () => {
    const heard: DeviceList[] = [];
    const abort = new AbortController();
    const stop = watchDevices(list => heard.push(list));
    watchDevices(list => heard.push(list), { signal: abort.signal });
    watchDevices(list => heard.push(list), { signal: AbortSignal.abort() });
    await settle();
    expect(heard).toHaveLength(2);
    devices.list = [];
    devices.plugged();
    await settle();
    expect(heard.slice(2).map(({ microphones }) => microphones)).toEqual([[], []]);
    stop();
    abort.abort();
    devices.plugged();
    await settle();
    expect(heard).toHaveLength(4);
    expect(devices.listeners).toBe(0);
  });

  it("open with the wanted one if it is there, else with the browser's choice", async () => {
    expect((await openMicrophone({ deviceId: "b" })).deviceId).toBe("b");
    expect((await openMicrophone({ deviceId: "gone" })).deviceId).toBe("a");
    expect((await openCamera({ constraints: { facingMode: "user" } })).deviceId).toBe("c");
    expect(devices.asked).toMatchObject([
      { audio: { echoCancellation: true, deviceId: { ideal: "b" } } },
      { audio: { deviceId: { ideal: "gone" } } },
      { video: { width: { ideal: 1280 }, facingMode: "user" } },
    ]);
  });

  it.each([
    ["NotAllowedError", "denied"],
    ["SecurityError", "denied"],
    ["NotReadableError", "busy"],
    ["AbortError", "busy"],
    ["NotFoundError", "missing"],
    ["OverconstrainedError", "overconstrained"],
  ])("that fail by %s say %s and what to do", async (name, code) => {
    devices.failing.set("*", name);
    const error = await openCamera().catch(error => error);
    expect(error).toBeInstanceOf(DeviceError);
    expect(error).toMatchObject({ code, cause: { name } });
    expect(error.message).toMatch(/;/);
  });

  it("are denied on a page that is not secure", async () => {
    vi.stubGlobal("navigator", {});
    await expect(openMicrophone()).rejects.toMatchObject({ code: "denied" });
  });

  it("switch: the new one first, then the old one goes", async () => {
    const changes: DeviceChange[] = [];
    const opened = await openMicrophone({ onChange: change => changes.push(change) });
    const before = opened.track;
    await opened.switchTo("b");
    expect(changes).toEqual([{ track: opened.track, deviceId: "b", reason: "switched" }]);
    expect([before.readyState, opened.track.readyState, opened.deviceId]).toEqual(["ended", "live", "b"]);
    await expect(opened.switchTo("gone")).rejects.toMatchObject({ code: "overconstrained" });
    expect([opened.deviceId, opened.track.readyState]).toEqual(["b", "live"]);
  });

  it("switch where only one can be open at a time, and go back if that fails", async () => {
    const opened = await openCamera();
    const original = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = constraints => {
      if (devices.opened.some(({ readyState }) => readyState === "live")) {
        return Promise.reject(new DOMException("", "NotReadableError"));
      }
      return original(constraints);
    };
    await opened.switchTo("d");
    expect([opened.deviceId, opened.track.readyState]).toEqual(["d", "live"]);
    devices.failing.set("c", "NotReadableError");
    await expect(opened.switchTo("c")).rejects.toMatchObject({ code: "busy" });
    expect([opened.deviceId, opened.track.readyState]).toEqual(["d", "live"]);
  });

  it("heal: when one vanishes another takes over, the browser's choice first, then whichever works", async () => {
    const changes: DeviceChange[] = [];
    const opened = await openMicrophone({ onChange: change => changes.push(change) });
    devices.list = [mic("x"), mic("b")];
    devices.failing.set("x", "NotReadableError");
    devices.opened[0]?.lose();
    await settle();
    expect(changes).toMatchObject([{ reason: "healed", deviceId: "b" }]);
    expect(opened.deviceId).toBe("b");
    devices.list = [mic("y")];
    devices.opened.at(-1)?.lose();
    await settle();
    expect(changes).toHaveLength(2);
    expect(opened.deviceId).toBe("y");
  });

  it.each([
    ["missing", undefined],
    ["denied", "NotAllowedError"],
    ["busy", "NotReadableError"],
  ])("end as %s when none can take over", async (code, failure) => {
    const ends: DeviceError[] = [];
    const changes: DeviceChange[] = [];
    await openMicrophone({ onEnded: error => ends.push(error), onChange: change => changes.push(change) });
    if (failure) devices.failing.set("*", failure);
    else devices.list = [];
    devices.opened[0]?.lose();
    await settle();
    expect(ends).toMatchObject([{ code }]);
    expect(changes).toEqual([]);
  });

  it("close once and for all, also while another is being looked for", async () => {
    const heard = vi.fn();
    const opened = await openMicrophone({ onChange: heard, onEnded: heard });
    devices.opened[0]?.lose();
    opened.close();
    opened.close();
    await settle();
    expect(devices.opened.map(({ readyState }) => readyState)).toEqual(["ended", "ended"]);
    expect(heard).not.toHaveBeenCalled();
  });

  it("follow a signal", async () => {
    const abort = new AbortController();
    await openMicrophone({ signal: abort.signal });
    const opening = openMicrophone({ signal: abort.signal });
    abort.abort("enough");
    await expect(opening).rejects.toBe("enough");
    await expect(openMicrophone({ signal: abort.signal })).rejects.toBe("enough");
    expect(devices.opened.map(({ readyState }) => readyState)).toEqual(["ended", "ended"]);
  });
});

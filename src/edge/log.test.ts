import { afterEach, describe, expect, it, vi } from "vitest";
import { createLog, reasonOf } from "./log.ts";

afterEach(() => vi.restoreAllMocks());

describe("a log", () => {
  it("writes one JSON line for each thing at its level or above", () => {
    const lines: string[] = [];
    for (const level of ["debug", "info", "warn", "error"] as const) {
      vi.spyOn(console, level).mockImplementation(line => void lines.push(line));
    }
    const write = (level: string | undefined): unknown[] => {
      lines.length = 0;
      const log = createLog(level, { room: "r" });
      log.debug("wake", { run: "alarm" });
      log.info("room-created");
      log.warn("strange");
      log.error("broken", { reason: "why" });
      return lines.map(line => JSON.parse(line).event);
    };
    expect(write("debug")).toEqual(["wake", "room-created", "strange", "broken"]);
    expect(lines[0]).toBe('{"level":"debug","event":"wake","room":"r","run":"alarm"}');
    expect(write("info")).toEqual(["room-created", "strange", "broken"]);
    expect(write(undefined)).toEqual(["room-created", "strange", "broken"]);
    expect(write("no such level")).toEqual(["room-created", "strange", "broken"]);
    expect(write("error")).toEqual(["broken"]);
    expect(write("silent")).toEqual([]);
  });

  it("says of a thrown value what it says of itself", () => {
    expect(reasonOf(new TypeError("not that"))).toBe("not that");
    expect(reasonOf("a string")).toBe("a string");
  });
});

import { describe, expect, it } from "vitest";
import { readSettings, usage } from "./settings.ts";

const none = (): string => {
  throw new Error("no such file");
};

describe("the media node's settings", () => {
  it("come from the command line, else the environment, else the file, else the default", () => {
    const file = () => JSON.stringify({ "media-port": 7300, workers: 3, region: "weur", listen: ["10.0.0.1", "::1"] });
    const settings = readSettings(["--media-port", "7100", "--settings", "node.json"], { TANDEM_WORKERS: "2" }, file);
    expect(settings).toMatchObject({
      "media-port": 7100,
      workers: 2,
      region: "weur",
      listen: ["10.0.0.1", "::1"],
      capacity: 500,
    });
  });

  it("are refused by name, with what is allowed", () => {
    expect(() => readSettings(["--workers", "many"], {}, none)).toThrow("--workers takes a whole number from 1 to 256");
    expect(() => readSettings([], { TANDEM_EDGE: "calls" }, none)).toThrow("TANDEM_EDGE is an origin like");
    expect(() => readSettings(["--settings", "x"], {}, () => '{"port": 1}')).toThrow('"port" is no setting');
    expect(() => readSettings(["--settings", "x"], {}, none)).toThrow("no such file");
    expect(() => readSettings(["--colour", "red"], {}, none)).toThrow("--colour");
  });

  it("keep the key off the command line", () => {
    expect(() => readSettings(["--key", "a:b"], {}, none)).toThrow("--key");
    expect(readSettings([], { TANDEM_KEY: "a:b" }, none)?.key).toBe("a:b");
  });

  it("all stand in the help", () => {
    expect(readSettings(["--help"], {}, none)).toBeUndefined();
    expect(usage()).toContain("--media-port PORT");
    expect(usage()).toContain("TANDEM_KEY");
  });
});

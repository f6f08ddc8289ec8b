import { describe, expect, it } from "vitest";
import { readSettings, type Settings } from "../../settings.ts";
import { discoveryConfig } from "./configure-discovery.ts";

const settings = (...args: string[]): Settings =>
  readSettings(["--only", "turn", "--listen", "192.0.2.1,2001:db8::1", ...args], {}, () => "")!;

describe("the second address and port of NAT behaviour discovery", () => {
  it("are there only when it is on", () => {
    expect(discoveryConfig(settings(), 1)).toBeUndefined();
    expect(discoveryConfig(settings("--rfc5780", "true", "--alt-listening-ip", "192.0.2.2"), 2)).toEqual({
      port: 3479,
      pairs: [{ first: "192.0.2.1", second: "192.0.2.2" }],
    });
  });

  it.each([
    ["without the switch", ["--alt-listening-ip", "192.0.2.2"]],
    ["without an address", ["--rfc5780", "true"]],
    ["that is none", ["--rfc5780", "true", "--alt-listening-ip", "elsewhere"]],
    ["that it listens on anyway", ["--rfc5780", "true", "--alt-listening-ip", "192.0.2.1"]],
    ["two of a family", ["--rfc5780", "true", "--alt-listening-ip", "192.0.2.2,192.0.2.3"]],
    ["beside a wildcard", ["--rfc5780", "true", "--alt-listening-ip", "192.0.2.2", "--listen", "0.0.0.0"]],
    ["of a family that it doesn't listen on", ["--rfc5780", "true", "--alt-listening-ip", "::2", "--listen", "::"]],
    [
      "with a port that only one of its workers would know",
      ["--rfc5780", "true", "--alt-listening-ip", "192.0.2.2", "--listening-port", "0"],
    ],
    ["with the first port", ["--rfc5780", "true", "--alt-listening-ip", "192.0.2.2", "--alt-listening-port", "3478"]],
  ])("stop the start %s", (_, args) => {
    expect(() => discoveryConfig(settings(...args), 2)).toThrow(/--/);
  });
});

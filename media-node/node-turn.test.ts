import { describe, expect, it } from "vitest";
import { configureTurn } from "./node-turn.ts";
import { readSettings, type Settings } from "./settings.ts";

const settingsOf = (...argv: string[]): Settings =>
  readSettings(["--workers", "2", "--listening-port", "0", "--tls-listening-port", "0", ...argv], {}, () => "{}")!;

/** A machine with loopback and these addresses. */
const machine =
  (...addresses: string[]) =>
  () => ({
    lo: [at("127.0.0.1", true), at("::1", true)],
    eth0: addresses.map(address => at(address, false)),
  });
const at = (address: string, internal: boolean) => {
  const family = address.includes(":") ? ("IPv6" as const) : ("IPv4" as const);
  const rest = { netmask: "", mac: "", cidr: null, internal };
  return family === "IPv6" ? { address, family, scopeid: 0, ...rest } : { address, family, ...rest };
};

describe("TURN of a media node", () => {
  it("stands on loopback in development: a shared port and the media ports, each worker with its slice of relays", async () => {
    const turn = await configureTurn(settingsOf("--listen", "127.0.0.1"));
    const [first, second] = turn!.configs;
    const { port } = first!;
    expect(port).toBeGreaterThan(1_023);
    expect(turn!.shared).toEqual([`turn:127.0.0.1:${port}?transport=udp`, `turn:127.0.0.1:${port}?transport=tcp`]);
    expect(turn!.urls(7_000, true)).toEqual(["turn:127.0.0.1:7000?transport=tcp"]);
    expect(turn!.urls(7_000, false)).toEqual([]);
    expect(first).toMatchObject({
      mediaAddresses: ["127.0.0.1"],
      relays: [{ local: "127.0.0.1", announced: "127.0.0.1" }],
      announced: [],
      gather: 0,
      secrets: [],
    });
    expect([first!.ports, second!.ports]).toEqual([
      [49_152, 57_343],
      [57_344, 65_535],
    ]);
    expect(second).toMatchObject({ worker: 1, workers: 2, port, nonceSecret: first!.nonceSecret });
  });

  it("stands behind 1:1 NAT as the media ports do: the announced address stands for the local one", async () => {
    const settings = settingsOf("--turn", "media", "--listen", "0.0.0.0,::", "--announce", "203.0.113.7");
    const turn = await configureTurn(settings, machine("10.0.0.5", "2001:db8::5"));
    expect(turn!.shared).toEqual([]);
    expect(turn!.urls(7_001, true)).toEqual(["turn:203.0.113.7:7001?transport=tcp"]);
    expect(turn!.configs[0]).toMatchObject({
      listen: [],
      mediaAddresses: ["10.0.0.5", "2001:db8::5"],
      relays: [
        { local: "10.0.0.5", announced: "203.0.113.7" },
        { local: "2001:db8::5", announced: "2001:db8::5" },
      ],
      announced: [{ announced: "203.0.113.7", local: "10.0.0.5" }],
    });
  });

  it("pairs announced addresses with those listened on, in their order; an address of the machine's own stands for itself", async () => {
    const listen = ["--listen", "10.0.0.5,10.0.0.6"];
    const paired = await configureTurn(
      settingsOf("--turn", "media", ...listen, "--announce", "203.0.113.7,203.0.113.8"),
      machine("10.0.0.5", "10.0.0.6"),
    );
    expect(paired!.configs[0]!.announced).toEqual([
      { announced: "203.0.113.7", local: "10.0.0.5" },
      { announced: "203.0.113.8", local: "10.0.0.6" },
    ]);
    const own = await configureTurn(
      settingsOf("--turn", "media", "--listen", "0.0.0.0", "--announce", "203.0.113.7"),
      machine("10.0.0.5", "203.0.113.7"),
    );
    expect(own!.configs[0]).toMatchObject({
      announced: [],
      relays: [{ local: "203.0.113.7", announced: "203.0.113.7" }],
    });
  });

  it("stops the start over a certificate that can't be read", async () => {
    const missing = settingsOf("--listen", "127.0.0.1", "--cert", "/nowhere.pem", "--pkey", "/nowhere.key");
    await expect(configureTurn(missing)).rejects.toThrow("/nowhere.pem");
  });

  it("is off where it is switched off", async () => {
    expect(await configureTurn(settingsOf("--turn", "off"))).toBeUndefined();
  });
});

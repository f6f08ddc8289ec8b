/** NAT behaviour discovery (RFC 5780) by Debian's `turnutils_natdiscovery` behind NATs of the lab: it names them as they are. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCleanup } from "../support/cleanup.ts";
import { createHome, type Surroundings } from "../support/homes.ts";
import { createInternet, type Internet, ipv4Of } from "../support/internet.ts";
import { createNamespace } from "../support/namespaces.ts";
import { startTurn } from "../support/turn.ts";

const HOST = 10;
const SECOND_HOST = 11;

describe("the TURN server with --rfc5780", () => {
  const cleanup = createCleanup();
  let internet: Internet;

  beforeAll(async () => {
    internet = createInternet();
    cleanup.add(internet.close);
    const rack = createNamespace("rack");
    cleanup.add(rack.close);
    internet.attach(rack, { host: HOST, also: [SECOND_HOST], families: ["ipv4"] });
    const turn = await startTurn({
      namespace: rack.name,
      settings: {
        listen: ipv4Of(HOST),
        "listening-port": "3478",
        rfc5780: "true",
        "alt-listening-ip": ipv4Of(SECOND_HOST),
      },
    });
    cleanup.add(turn.stop);
  });
  afterAll(cleanup.run);

  it.concurrent.each([
    ["full-cone", 20, "Endpoint Independent"],
    ["symmetric", 21, "Address and Port Dependent"],
  ] as const)("tells turnutils_natdiscovery what a %s NAT does", async (nat: Surroundings, host, behaviour) => {
    const home = createHome(internet, nat, host);
    cleanup.add(home.close);
    const output = await home.people.run("turnutils_natdiscovery", ["-m", "-f", ipv4Of(HOST)]);
    expect(output).toContain(`NAT with ${behaviour} Mapping`);
    expect(output).toContain(`NAT with ${behaviour} Filtering`);
  });
});

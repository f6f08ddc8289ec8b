/**
 * The NAT lab: an internet of its own with a media node in a rack, and homes behind NATs and firewalls, where browsers run. The
 * edge stands outside: pages and the node reach it by 127.0.0.1 of their own namespace, so that pages are on a secure context, and
 * no media can go that way.
 * @module
 */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import type { Browser as FirefoxBrowser } from "puppeteer-core";
import { createAuthority } from "./authority.ts";
import { CHROMIUM_FLAGS, launchChromium } from "./chromium.ts";
import { createCleanup } from "./cleanup.ts";
import { type Edge, startEdge } from "./edge.ts";
import { launchFirefox } from "./firefox.ts";
import { createHome, type Home, type Surroundings } from "./homes.ts";
import { createInternet, type Host, ipv4Of, ipv6Of, PUBLIC_RANGES } from "./internet.ts";
import { createNamespace } from "./namespaces.ts";
import { type RunningNode, startNode } from "./node.ts";
import { apiToken } from "./tokens.ts";

const RACK: Host = 10;
const ADDRESSES = [ipv4Of(RACK), ipv6Of(RACK)];
/** Firefox takes no `turns:` URL with a bare address (2026-11). */
const RACK_NAME = "turn.tandem.test";

export interface Lab {
  readonly edge: Edge;
  readonly node: RunningNode;
  /** Build a home with that public address. */
  settle(surroundings: Surroundings, host: Host): Promise<Home>;
  chromium(home: Home): Promise<Browser>;
  /** `tone` as {@link launchFirefox} has it. */
  firefox(home: Home, tone: number): Promise<FirefoxBrowser>;
  /** Let the media node carry a room from now on. */
  toNode(room: string): Promise<void>;
  close(): Promise<void>;
}

/** Start it; needs root. */
export async function startLab(): Promise<Lab> {
  const cleanup = createCleanup();
  try {
    const authority = await createAuthority([`DNS:${RACK_NAME}`]);
    cleanup.add(authority.remove);
    const internet = createInternet();
    cleanup.add(internet.close);
    const rack = createNamespace("rack");
    cleanup.add(rack.close);
    internet.attach(rack, { host: RACK, families: ["ipv4", "ipv6"] });
    const edge = await startEdge();
    cleanup.add(edge.stop);
    await rack.forward(edge.port);
    const node = await startNode({
      edge: edge.url,
      namespace: rack.name,
      listen: ADDRESSES.join(","),
      settings: {
        turn: "on",
        "turn-host": RACK_NAME,
        "listening-port": "3478",
        "tls-listening-port": "443",
        "allowed-peer-ip": PUBLIC_RANGES,
        cert: authority.cert,
        pkey: authority.pkey,
      },
    });
    cleanup.add(node.stop);

    return {
      edge,
      node,
      async settle(surroundings, host) {
        const home = createHome(internet, surroundings, host);
        home.people.hosts({ [RACK_NAME]: ADDRESSES });
        await home.people.forward(edge.port);
        return home;
      },
      chromium: ({ people }) =>
        launchChromium({
          // Without loopback candidates, which lead nowhere from here.
          flags: CHROMIUM_FLAGS.filter(flag => flag !== "--allow-loopback-in-peer-connection"),
          executablePath: people.wrap("/usr/bin/chromium"),
          home: authority.chromiumHome,
        }),
      async firefox({ people }, tone) {
        const profile = join(authority.chromiumHome, people.name);
        await authority.trust(profile);
        return launchFirefox(people, tone, profile);
      },
      async toNode(room) {
        const response = await fetch(`${edge.url}/v1/rooms/${room}`, {
          method: "PATCH",
          headers: { authorization: `Bearer ${await apiToken()}`, "content-type": "application/json" },
          body: JSON.stringify({ topology: "sfu" }),
        });
        if (!response.ok) throw new Error(await response.text());
      },
      close: cleanup.run,
    };
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

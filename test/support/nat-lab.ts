/**
 * The NAT lab: an internet of its own with a media node in a rack, and homes behind NATs and firewalls, where Chromium runs. The
 * edge stands outside: pages and the node reach it by 127.0.0.1 of their own namespace, so that pages are on a secure context, and
 * no media can go that way.
 * @module
 */
import type { Page } from "playwright-core";
import { type Authority, createAuthority } from "./authority.ts";
import { joinCall } from "./call-page.ts";
import { CHROMIUM_FLAGS, launchChromium, openBlank } from "./chromium.ts";
import { createCleanup } from "./cleanup.ts";
import { type Edge, startEdge } from "./edge.ts";
import { createHome, type Surroundings } from "./homes.ts";
import { createInternet, type Host, type Internet, ipv4Of, ipv6Of, PUBLIC_RANGES } from "./internet.ts";
import { createNamespace } from "./namespaces.ts";
import { startNode } from "./node.ts";
import { apiToken, joinToken } from "./tokens.ts";
import { startTurn } from "./turn.ts";

/** The rack's address. */
const RACK: Host = 10;
const FIRST_HOME: Host = 20;

export interface Lab {
  readonly internet: Internet;
  readonly edge: Edge;
  readonly authority: Authority;
  close(): Promise<void>;
}

/** Start it; needs root. */
export async function startLab(): Promise<Lab> {
  const cleanup = createCleanup();
  try {
    const addresses = [ipv4Of(RACK), ipv6Of(RACK)];
    const authority = await createAuthority(addresses.map(address => `IP:${address}`));
    cleanup.add(authority.remove);
    const internet = createInternet();
    cleanup.add(internet.close);
    const rack = createNamespace("rack");
    cleanup.add(rack.close);
    internet.attach(rack, { host: RACK, families: ["ipv4", "ipv6"] });
    const turn = await startTurn({
      namespace: rack.name,
      settings: {
        listen: addresses.join(","),
        "listening-port": "3478",
        "tls-listening-port": "443",
        "allowed-peer-ip": PUBLIC_RANGES,
        "media-peers": `${ipv4Of(RACK)}:1024-65535`,
        cert: authority.cert,
        pkey: authority.pkey,
      },
    });
    cleanup.add(turn.stop);
    const urls = [ipv4Of(RACK), `[${ipv6Of(RACK)}]`].flatMap(address => [
      `turn:${address}:3478`,
      `turn:${address}:3478?transport=tcp`,
      `turns:${address}:443?transport=tcp`,
    ]);
    const edge = await startEdge({
      vars: { ICE_SERVERS: JSON.stringify([{ urls, username: "alice", credential: "wonderland" }]) },
    });
    cleanup.add(edge.stop);
    await rack.forward(edge.port);
    const node = await startNode({ edge: edge.url, namespace: rack.name, listen: addresses.join(",") });
    cleanup.add(node.stop);
    return { internet, edge, authority, close: cleanup.run };
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

export interface LabCall {
  readonly pages: readonly [Page, Page];
  /** Let the media node carry the room from now on. */
  toNode(): Promise<void>;
  close(): Promise<void>;
}

/** Two people, `p0` and `p1`, each in a home of its own, call each other. */
export async function callFrom(lab: Lab, homes: readonly [Surroundings, Surroundings], room: string): Promise<LabCall> {
  const { edge, internet, authority } = lab;
  const cleanup = createCleanup();
  const enter = async (surroundings: Surroundings, who: number): Promise<Page> => {
    const home = createHome(internet, surroundings, FIRST_HOME + who);
    cleanup.add(home.close);
    await home.people.forward(edge.port);
    const browser = await launchChromium({
      // Without loopback candidates, which lead nowhere from here.
      flags: CHROMIUM_FLAGS.filter(flag => flag !== "--allow-loopback-in-peer-connection"),
      executablePath: home.people.wrap("/usr/bin/chromium"),
      home: authority.chromiumHome,
    });
    cleanup.add(() => browser.close());
    const page = await openBlank(browser, edge.url);
    const token = await joinToken(room, `p${who}`);
    await joinCall(page, { url: edge.url, token, tone: 440 + 440 * who, hue: 120 * who });
    return page;
  };
  // All that were begun are awaited, so that nothing starts after the cleaning up.
  const entered = await Promise.allSettled(homes.map(enter));
  const failure = entered.find(({ status }) => status === "rejected");
  if (failure) {
    await cleanup.run();
    throw (failure as PromiseRejectedResult).reason;
  }
  return {
    pages: entered.map(result => (result as PromiseFulfilledResult<Page>).value) as [Page, Page],
    async toNode() {
      const response = await fetch(`${edge.url}/v1/rooms/${room}`, {
        method: "PATCH",
        headers: { authorization: `Bearer ${await apiToken()}`, "content-type": "application/json" },
        body: JSON.stringify({ topology: "sfu" }),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    close: cleanup.run,
  };
}

/**
 * Calls in the NAT lab, and the way that media has to take in each.
 * @module
 */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { expectFrames, expectTopology, joinCall } from "./call-page.ts";
import { openBlank } from "./chromium.ts";
import { createCleanup } from "./cleanup.ts";
import type { Surroundings } from "./homes.ts";
import type { Host } from "./internet.ts";
import type { Lab } from "./nat-lab.ts";
import { joinToken } from "./tokens.ts";
import { wayOf } from "./way.ts";

const FIRST_HOME: Host = 20;

type Both = readonly [RegExp, RegExp];
const same = (way: RegExp): Both => [way, way];

export interface NatCall {
  readonly homes: readonly [Surroundings, Surroundings];
  /** The ways that both may take, as {@link wayOf} names them. */
  readonly mesh: Both;
  readonly sfu: Both;
}

/**
 * What a NAT makes of a host candidate was learned from a STUN server (`srflx`) or in a check (`prflx`): one's own mapping is
 * either, whichever came first, where it is the same for all; it is never the former where it is another for everybody.
 */
export const NAT_CALLS = {
  "full-cone NATs": {
    homes: ["full-cone", "full-cone"],
    mesh: same(/^(srflx|prflx) > (srflx|prflx) udp$/),
    sfu: same(/^(srflx|prflx) > host udp$/),
  },
  "a symmetric NAT and a full-cone one": {
    homes: ["symmetric", "full-cone"],
    mesh: [/^prflx > (srflx|prflx) udp$/, /^(srflx|prflx) > prflx udp$/],
    sfu: [/^prflx > host udp$/, /^(srflx|prflx) > host udp$/],
  },
  "two symmetric NATs": {
    homes: ["symmetric", "symmetric"],
    mesh: same(/^(prflx > relay|relay:udp > (prflx|relay)) udp$/),
    sfu: same(/^prflx > host udp$/),
  },
  "firewalls that block UDP": {
    homes: ["udp-blocked", "udp-blocked"],
    // Chromium looks no further once something has connected: it's whichever was first.
    mesh: same(/^relay:(tcp|tls) > relay udp$/),
    sfu: same(/^(relay:(tcp|tls) > host udp|(host|prflx) > host tcp)$/),
  },
  "firewalls that let only 443/TCP out": {
    homes: ["https-only", "https-only"],
    mesh: same(/^relay:tls > relay udp$/),
    sfu: same(/^relay:tls > host udp$/),
  },
  "networks without IPv4": {
    homes: ["ipv6-only", "ipv6-only"],
    mesh: same(/^host > host udp$/),
    sfu: same(/^host > host udp$/),
  },
} as const satisfies Record<string, NatCall>;

/** Two, `p0` and `p1`, call each other from peer to peer, then by the media node; frames have to come, and by the right way. */
export async function expectCall(lab: Lab, name: keyof typeof NAT_CALLS): Promise<void> {
  const { homes, ...ways }: NatCall = NAT_CALLS[name];
  const room = homes.join("-and-");
  const cleanup = createCleanup();
  const enter = async (surroundings: Surroundings, who: number): Promise<Page> => {
    const home = await lab.settle(surroundings, FIRST_HOME + who);
    cleanup.add(home.close);
    const browser = await lab.chromium(home);
    cleanup.add(() => browser.close());
    const page = await openBlank(browser, lab.edge.url);
    const token = await joinToken(room, `p${who}`);
    await joinCall(page, { url: lab.edge.url, token, tone: 440 + 440 * who, hue: 120 * who });
    return page;
  };
  const entering = homes.map(enter);
  try {
    const pages = (await Promise.all(entering)) as [Page, Page];
    for (const topology of ["mesh", "sfu"] as const) {
      if (topology === "sfu") await lab.toNode(room);
      await Promise.all(pages.map(page => expectTopology(page, topology)));
      await Promise.all([expectFrames(pages[0], "p1"), expectFrames(pages[1], "p0")]);
      // A better pair may still be found.
      await expect
        .poll(() => Promise.all(pages.map(page => wayOf(page, topology))), { timeout: 10_000 })
        .toEqual(ways[topology].map(way => expect.stringMatching(way)));
    }
  } finally {
    // One may still be on the way in when the other has failed.
    await Promise.allSettled(entering);
    await cleanup.run();
  }
}

/**
 * Which nodes relay for whom. Pure.
 * @module
 */

/** Degrees north and east. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** A live node that relays. */
export interface RelayNode {
  readonly node: string;
  readonly region: string;
  /** 0 to 1. */
  readonly load: number;
  /** STUN and TURN URLs: udp, then tcp, then tls. */
  readonly urls: readonly string[];
}

/** Roughly the middle of each region, by its people. */
const REGION_PLACES: Readonly<Record<string, Place>> = {
  wnam: { latitude: 38, longitude: -120 },
  enam: { latitude: 40, longitude: -77 },
  sam: { latitude: -20, longitude: -50 },
  weur: { latitude: 50, longitude: 5 },
  eeur: { latitude: 51, longitude: 24 },
  apac: { latitude: 15, longitude: 112 },
  oc: { latitude: -33, longitude: 147 },
  afr: { latitude: 0, longitude: 25 },
  me: { latitude: 28, longitude: 48 },
};
/** A node this full relays for newcomers only where no other can. */
const FULL = 0.9;
const HALF_ROUND = Math.PI;

/** The place of a region, if it is one of those that everybody knows. */
export const placeOfRegion = (region: string | undefined): Place | undefined =>
  region !== undefined && Object.hasOwn(REGION_PLACES, region) ? REGION_PLACES[region] : undefined;

/** Angle between two places, in radians; as far as can be if one is unknown. */
function distance(one: Place | undefined, other: Place | undefined): number {
  if (!one || !other) return HALF_ROUND;
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const [a, b] = [radians(one.latitude), radians(other.latitude)];
  const cosine =
    Math.sin(a) * Math.sin(b) + Math.cos(a) * Math.cos(b) * Math.cos(radians(one.longitude - other.longitude));
  return Math.acos(Math.min(1, Math.max(-1, cosine)));
}

/**
 * The best `count` of `nodes`: those that still have room, `known` ones first (relays there go on), then the nearest to `place`, and
 * of several there the least loaded.
 */
export function nearest(
  nodes: readonly RelayNode[],
  place: Place | undefined,
  known: readonly string[],
  count: number,
): RelayNode[] {
  return nodes
    .map(node => ({
      node,
      rank: [
        Number(node.load >= FULL),
        Number(!known.includes(node.node)),
        distance(place, placeOfRegion(node.region)),
      ],
    }))
    .sort((a, b) => {
      const index = a.rank.findIndex((value, at) => value !== b.rank[at]);
      if (index >= 0) return (a.rank[index] ?? 0) - (b.rank[index] ?? 0);
      return a.node.load - b.node.load || a.node.node.localeCompare(b.node.node);
    })
    .slice(0, count)
    .map(({ node }) => node);
}

const KINDS = [/^stuns?:/, /^turn:(?!.*transport=tcp)/, /^turn:/, /^turns:/] as const;
const kindOf = (url: string): number => KINDS.findIndex(kind => kind.test(url));

/** URLs in the order in which clients should want them: udp, tcp, tls; each once, at most `count`. */
export const orderUrls = (urls: readonly string[], count: number): string[] =>
  [...new Set(urls)].sort((a, b) => kindOf(a) - kindOf(b)).slice(0, count);

/** A program that speaks WHIP or WHEP, one request at a time, and the media node that it meets. @module */
import { type Grants, MEMBER_GRANTS } from "../../protocol/grants.ts";
import { ask, type Frame } from "./client.ts";
import type { TestNode } from "./node.ts";
import { answerTo, offerOf } from "./sdp.ts";
import { joinToken } from "./tokens.ts";

export const SDP = "application/sdp";
export const FRAGMENT = "application/trickle-ice-sdpfrag";
const GRANTS: Grants = { ...MEMBER_GRANTS, create: true };

/** `Authorization` of an identity. */
export const bearer = async (room: string, identity = "program", grants = GRANTS): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await joinToken({ room, identity, grants })}`,
});

export interface PostOptions {
  readonly identity?: string;
  readonly grants?: Grants;
  readonly type?: string;
  readonly sdp?: string;
}

/** POST an offer, by default a good one, to `whip/ROOM`, `whep/ROOM` or `whep/ROOM/WHAT`. */
export async function post(path: string, options: PostOptions = {}): Promise<Response> {
  const [kind, room = ""] = path.split("/");
  const { identity = `program-${kind}`, grants = GRANTS, type = SDP } = options;
  const { sdp = offerOf({ direction: kind === "whip" ? "sendonly" : "recvonly" }) } = options;
  const headers = { ...(await bearer(room, identity, grants)), "content-type": type };
  return ask(`/v1/${path}`, { method: "POST", headers, body: sdp });
}

/** Have the node answer as the real one does; every session and every restart gets credentials of its own. */
export function answerOffers(node: TestNode, change?: Parameters<typeof answerTo>[3]): void {
  const offers = new Map<string, Frame["offer"]>();
  let generation = 0;
  node.answerOf = ({ pid, offer }) => {
    if (offer) offers.set(pid, offer);
    const { sdp, role } = offers.get(pid);
    return answerTo(sdp, role, `node${++generation}`, change);
  };
}

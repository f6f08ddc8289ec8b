/** RFC 9725 and the WHEP draft, row by row. Numbers are those of the requirements in the order of the protocol. */

import * as v from "valibot";
import { afterEach, describe, expect, it } from "vitest";
import { Problem } from "../../protocol/errors.ts";
import { ask, join, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";
import type { TestNode } from "../testing/node.ts";
import { fragmentWith, offerOf } from "../testing/sdp.ts";
import { joinToken } from "../testing/tokens.ts";
import { answerOffers, bearer, FRAGMENT, post, SDP } from "../testing/whip.ts";

const fleet = createTestFleet("whip");
afterEach(fleet.clear);

async function linked(): Promise<TestNode> {
  const node = await fleet.link({ turn: ["turn:turn.example:3478?transport=udp"] });
  answerOffers(node);
  return node;
}

const textOf = async (response: Response): Promise<string> => new TextDecoder().decode(await response.arrayBuffer());
const codeOf = async (response: Response): Promise<string> => {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  return v.parse(Problem, await response.json()).code;
};

/** A session that runs: its address, its entity tag, and how to PATCH it. */
async function begun(kind = "whip") {
  const node = await linked();
  const room = uniqueRoom();
  const response = await post(`${kind}/${room}`);
  expect(response.status).toBe(201);
  const location = response.headers.get("location") ?? "";
  const authorization = await bearer(room, `program-${kind}`);
  const patch = async (body: string, headers: Record<string, string> = {}): Promise<Response> =>
    ask(location, { method: "PATCH", headers: { "content-type": FRAGMENT, ...authorization, ...headers }, body });
  return { node, room, response, location, authorization, patch, etag: response.headers.get("etag") ?? "" };
}

describe.each(["whip", "whep"])("%s", kind => {
  it("1, 3, 5: an offer is answered 201 with type, address, strong ETag and all candidates", async () => {
    const { response, room, etag } = await begun(kind);
    expect(response.headers.get("content-type")).toBe(SDP);
    expect(response.headers.get("location")).toMatch(new RegExp(`^/v1/${kind}/${room}/p_[A-Za-z0-9_-]{16}$`));
    expect(etag).toMatch(/^"[!-~]+"$/);
    const answer = await textOf(response);
    expect(answer).toContain("a=candidate:");
    expect(answer).toContain("a=end-of-candidates");
    expect(answer.match(/a=(recvonly|sendonly)\r/g)).toHaveLength(2);
  });

  it("2: what is no offer is refused with what is wrong", async () => {
    await linked();
    const room = uniqueRoom();
    const wrong = await post(`${kind}/${room}`, { type: "text/plain" });
    expect([wrong.status, wrong.headers.get("accept-post")]).toEqual([415, SDP]);
    expect(await codeOf(wrong)).toBe("bad-content-type");
    expect((await post(`${kind}/${room}`, { type: "Application/SDP; charset=utf-8" })).status).toBe(201);
    expect((await post(`${kind}/${room}`, { sdp: "x".repeat(300_000) })).status).toBe(413);
    for (const sdp of ["", "nonsense", "v=0\r\n"]) {
      const response = await post(`${kind}/${room}`, { sdp });
      expect([response.status, await codeOf(response)]).toEqual([400, "media-offer"]);
    }
  });

  it("4: the wrong direction is refused with its line, sendrecv is taken for the right one", async () => {
    const node = await linked();
    const room = uniqueRoom();
    for (const direction of [kind === "whip" ? "recvonly" : "sendonly", "inactive"]) {
      const response = await post(`${kind}/${room}`, { sdp: offerOf({ direction }) });
      expect(response.status).toBe(400);
      expect(((await response.json()) as { detail: string }).detail).toMatch(/^line 6: /);
    }
    expect((await post(`${kind}/${room}`, { sdp: offerOf({ direction: "sendrecv" }) })).status).toBe(201);
    const opened = node.commands.find(command => command.type === "session.open");
    expect(opened?.offer.role).toBe(kind === "whip" ? "publish" : "play");
  });

  it("5: two m-lines of one medium, or one that can't be kept, refuse the whole, and nobody stays", async () => {
    const node = await linked();
    const room = uniqueRoom();
    const viewer = await join(room, "ada");
    const direction = kind === "whip" ? "sendonly" : "recvonly";
    const two = await post(`${kind}/${room}`, { sdp: offerOf({ direction, media: ["audio", "video", "video"] }) });
    expect([two.status, await codeOf(two)]).toEqual([400, "media-offer"]);
    answerOffers(node, (own, media) => (media === "video" ? "inactive" : own));
    const half = await post(`${kind}/${room}`);
    expect(half.status).toBe(400);
    expect(((await half.json()) as { detail: string }).detail).toContain("no codec in common");
    expect(await viewer.next("participant.left")).toMatchObject({ reason: "left" });
    await node.next("participant.remove");
  });

  it("7: candidates are taken with 204 and without ETag, those of unknown transports too", async () => {
    const { patch, etag, node } = await begun(kind);
    for (const candidate of [
      undefined,
      "1 1 quic 1 host.invalid 1 typ host",
      "2 1 tcp 5 192.0.2.7 9 typ host tcptype active",
    ]) {
      const response = await patch(fragmentWith("clnt", candidate), { "if-match": etag });
      expect([response.status, response.headers.get("etag"), await response.text()]).toEqual([204, null, ""]);
    }
    expect((await patch(fragmentWith("clnt"), { "if-match": `"other", ${etag}` })).status).toBe(204);
    expect((await patch(fragmentWith("clnt"), { "if-match": "*" })).status).toBe(204);
    expect(node.commands.some(command => command.type === "session.restart")).toBe(false);
  });

  it("8: PATCH without If-Match is 428, with a stale or weak one 412, of another type 415, malformed 400", async () => {
    const { patch, etag, location, authorization } = await begun(kind);
    const missing = await patch(fragmentWith("clnt"));
    expect([missing.status, await codeOf(missing)]).toEqual([428, "if-match-missing"]);
    for (const tag of ['"stale"', `W/${etag}`]) {
      const stale = await patch(fragmentWith("clnt"), { "if-match": tag });
      expect([stale.status, await codeOf(stale)]).toEqual([412, "etag-stale"]);
    }
    const headers = { ...authorization, "content-type": SDP, "if-match": etag };
    const wrong = await ask(location, { method: "PATCH", headers, body: offerOf() });
    expect([wrong.status, wrong.headers.get("accept-patch")]).toEqual([415, FRAGMENT]);
    for (const body of ["", "nonsense", fragmentWith("abc"), fragmentWith("clnt").replace(/a=ice-pwd.*\r\n/, "")]) {
      const response = await patch(body, { "if-match": etag });
      expect([response.status, await codeOf(response)]).toEqual([400, "bad-request"]);
    }
    expect((await patch("a=x".repeat(30_000), { "if-match": etag })).status).toBe(413);
  });

  it.each(["*", '"*"'])("9: If-Match: %s and new credentials restart ICE: 200, fragment, new ETag", async any => {
    const { patch, etag, node } = await begun(kind);
    const response = await patch(fragmentWith("new1"), { "if-match": any });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(FRAGMENT);
    const fresh = response.headers.get("etag") ?? "";
    expect(fresh).not.toBe(etag);
    const fragment = await textOf(response);
    expect(fragment).toContain(`a=ice-ufrag:${fresh.slice(1, -1)}\r\n`);
    for (const line of ["a=ice-lite", "m=audio 9 ", "a=mid:0", "a=candidate:", "a=end-of-candidates"]) {
      expect(fragment).toContain(line);
    }
    expect(node.commands.find(command => command.type === "session.restart")).toMatchObject({
      ice: { ufrag: "new1", password: "p".repeat(24) },
    });
    expect((await patch(fragmentWith("new1"), { "if-match": etag })).status).toBe(412);
    expect((await patch(fragmentWith("new1"), { "if-match": fresh })).status).toBe(204);
  });

  it("9: a restart that fails leaves the session and its ETag as they were", async () => {
    const { patch, etag, node, room } = await begun(kind);
    const viewer = await join(room, "ada");
    node.manner = "refuse";
    expect((await patch(fragmentWith("new1"), { "if-match": "*" })).status).toBe(404);
    node.manner = "answer";
    expect((await patch(fragmentWith("clnt"), { "if-match": etag })).status).toBe(204);
    expect(viewer.snapshot.participants).toHaveLength(1);
  });

  it("10: DELETE ends the session whatever If-Match says, with the token that began it, expired or not", async () => {
    const { location, room } = await begun(kind);
    const viewer = await join(room, "ada");
    const token = await joinToken({ room, identity: `program-${kind}`, issued: -120, lasts: 60 });
    const headers = { authorization: `Bearer ${token}`, "if-match": '"stale"' };
    expect((await ask(location, { method: "DELETE", headers })).status).toBe(200);
    expect(await viewer.next("participant.left")).toMatchObject({ reason: "left" });
    expect((await ask(location, { method: "DELETE", headers })).status).toBe(404);
    const again = { method: "POST", headers: { ...headers, "content-type": SDP }, body: offerOf() };
    expect((await ask(`/v1/${kind}/${room}`, again)).status).toBe(401);
  });

  it("11: GET is 2xx without content, HEAD says what a player gets, other methods are 405 with Allow", async () => {
    const room = uniqueRoom();
    for (const path of [`/v1/${kind}/${room}`, `/v1/${kind}/${room}/p_0123456789abcdef`]) {
      const got = await ask(path);
      expect([got.status, await got.text()]).toEqual([204, ""]);
      const head = await ask(path, { method: "HEAD" });
      expect([head.status, head.headers.get("content-type")]).toEqual([200, kind === "whep" ? SDP : null]);
      const put = await ask(path, { method: "PUT", body: "" });
      expect([put.status, await codeOf(put)]).toEqual([405, "method-not-allowed"]);
      expect(put.headers.get("allow")).toContain("OPTIONS");
    }
  });

  it("12, 19: OPTIONS allows every page, and says which types are taken", async () => {
    const room = uniqueRoom();
    const preflight = await ask(`/v1/${kind}/${room}`, {
      method: "OPTIONS",
      headers: {
        origin: "https://studio.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,if-match",
      },
    });
    const { headers } = preflight;
    expect([preflight.status, headers.get("accept-post"), headers.get("link")]).toEqual([200, SDP, null]);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    for (const method of ["POST", "PATCH", "DELETE"]) {
      expect(headers.get("access-control-allow-methods")).toContain(method);
    }
    for (const name of ["authorization", "content-type", "if-match"]) {
      expect(headers.get("access-control-allow-headers")).toContain(name);
    }
    const session = await ask(`/v1/${kind}/${room}/p_0123456789abcdef`, { method: "OPTIONS" });
    expect(session.headers.get("accept-patch")).toBe(FRAGMENT);
    const answered = await ask(`/v1/${kind}/${room}`, { headers: { origin: "https://studio.example" } });
    const exposed = answered.headers.get("access-control-expose-headers") ?? "";
    for (const name of ["location", "etag", "link", "accept-post"]) expect(exposed).toContain(name);
  });

  it("13: ICE servers come as Link headers, one each, with the 201 and by OPTIONS to a bearer", async () => {
    const { response, room, authorization } = await begun(kind);
    const links = (from: Response): string => from.headers.get("link") ?? "";
    const turn =
      /<turn:turn\.example:3478\?transport=udp>; rel="ice-server"; username="[^"]+"; credential="[^"]+"; credential-type="password"/;
    expect(links(response)).toMatch(turn);
    expect(links(response)).toContain('<stun:stun.example:3478>; rel="ice-server"');
    const asked = await ask(`/v1/${kind}/${room}`, { method: "OPTIONS", headers: authorization });
    expect([asked.status, links(asked)]).toEqual([200, expect.stringMatching(turn)]);
    const refused = await ask(`/v1/${kind}/${room}`, { method: "OPTIONS", headers: { authorization: "Bearer x" } });
    expect(refused.status).toBe(401);
  });

  it("14: POST, PATCH and DELETE want a bearer token, of this room and of who began", async () => {
    const { location, room, etag, patch } = await begun(kind);
    for (const [method, path] of [
      ["POST", `/v1/${kind}/${room}`],
      ["PATCH", location],
      ["DELETE", location],
    ] as const) {
      const missing = await ask(path, { method, body: "" });
      expect([missing.status, missing.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
      const headers = { authorization: `Bearer ${await joinToken({ room, identity: "x", secret: "s".repeat(40) })}` };
      const forged = await ask(path, { method, headers, body: "" });
      expect([forged.status, forged.headers.get("www-authenticate")]).toEqual([401, 'Bearer error="invalid_token"']);
      expect((await ask(path, { method, headers: await bearer("elsewhere"), body: "" })).status).toBe(403);
    }
    const foreign = await bearer(room, "mallory");
    expect((await patch(fragmentWith("clnt"), { ...foreign, "if-match": etag })).status).toBe(404);
    expect((await ask(location, { method: "DELETE", headers: foreign })).status).toBe(404);
    const other = location.replace(kind, kind === "whip" ? "whep" : "whip");
    expect((await ask(other, { method: "DELETE", headers: await bearer(room, `program-${kind}`) })).status).toBe(404);
    expect((await patch(fragmentWith("clnt"), { "if-match": etag })).status).toBe(204);
  });

  it("15: without a node it is told when to come again", async () => {
    const without = await post(`${kind}/${uniqueRoom()}`);
    const { headers } = without;
    expect([without.status, await codeOf(without), headers.get("retry-after")]).toEqual([503, "no-media-node", "5"]);
  });

  it("16: an address that is no session's is 404", async () => {
    const { room, authorization, patch } = await begun(kind);
    for (const pid of ["p_0123456789abcdef", "mix", "..%2f"]) {
      const response = await ask(`/v1/${kind}/${room}/${pid}`, { method: "DELETE", headers: authorization });
      expect(response.status).toBe(404);
    }
    expect((await patch(fragmentWith("clnt"), { "if-match": '"none"' })).status).toBe(412);
  });
});

describe("whip", () => {
  it("15: of a thousand offers all but thirty a minute are refused, and DELETE still goes", async () => {
    const { location, authorization, room } = await begun();
    const headers = { ...authorization, "content-type": SDP };
    const flood = { method: "POST", headers, body: "nonsense" };
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask(`/v1/whip/${room}`, flood)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400, 429]));
    const refused = answers.filter(({ status }) => status === 429);
    // The minute may turn meanwhile.
    expect(refused.length).toBeGreaterThanOrEqual(940);
    expect(refused[0]?.headers.get("retry-after")).toBe("60");
    await Promise.all(answers.map(({ body }) => body?.cancel()));
    expect((await ask(location, { method: "DELETE", headers: authorization })).status).toBe(200);
  });

  it("21: an offer with simulcast reaches the node as it is", async () => {
    const node = await linked();
    const more = ["a=rid:h send", "a=rid:l send", "a=simulcast:send h;l"];
    const sdp = offerOf({ media: ["video"], more });
    expect((await post(`whip/${uniqueRoom()}`, { sdp })).status).toBe(201);
    expect(node.commands.find(command => command.type === "session.open")?.offer.sdp).toBe(sdp);
  });
});

import { afterEach, describe, expect, it } from "vitest";
import { PROGRAM_ROUTES, type ProgramRoute } from "../../protocol/program-routes.ts";
import { ask, join, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";
import { fragmentWith, offerOf } from "../testing/sdp.ts";
import { answerOffers, bearer, post } from "../testing/whip.ts";

const fleet = createTestFleet("routes");
afterEach(fleet.clear);

/** Requests that get each of a route's answers. */
function requestsFor({ method }: ProgramRoute, kind: string): Record<string, { body?: string; match?: string }> {
  if (method === "POST") return { 201: { body: offerOf({ direction: kind === "whip" ? "sendonly" : "recvonly" }) } };
  if (method === "DELETE") return { 200: {} };
  const restart = { body: fragmentWith("next"), match: "*" };
  // The same credentials once more are those in use: they bring candidates.
  return { 200: restart, 204: restart };
}

describe("the table of WHIP and WHEP routes", () => {
  it.each(PROGRAM_ROUTES.map(route => [`${route.method} ${route.path}`, route] as const))(
    "%s answers as it says",
    async (_name, route) => {
      const kind = route.path.split("/")[2] ?? "";
      answerOffers(await fleet.link({ turn: ["turn:turn.example:3478"] }));
      const room = uniqueRoom();
      await join(room, "ada");
      const begun = await post(`${kind}/${room}`);
      const pid = begun.headers.get("location")?.split("/").at(-1) ?? "";
      const path = route.path.replace("{room}", room).replace("{pid}", pid).replace("{source}", "ada");
      const requests = requestsFor(route, kind);
      expect(Object.keys(requests).sort()).toEqual(Object.keys(route.answers).sort());
      for (const [status, { body, match }] of Object.entries(requests)) {
        const headers = {
          ...(await bearer(room, `program-${kind}`)),
          ...(route.body && { "content-type": route.body }),
          ...(match && { "if-match": match }),
        };
        const response = await ask(path, { method: route.method, headers, ...(body && { body }) });
        const { body: type = null, headers: names = [] } = route.answers[Number(status)] ?? {};
        expect([response.status, response.headers.get("content-type")]).toEqual([Number(status), type]);
        for (const name of names) expect(response.headers.get(name), name).toBeTruthy();
        if (type === null) expect(await response.text()).toBe("");
        else await response.body?.cancel();
      }
    },
  );
});

import { describe, expect, it } from "vitest";
import { createUpload } from "./upload.ts";

/** An edge that answers so, one after the other; 0: it can't be reached. */
function setUp(...answers: number[]) {
  const asked: string[] = [];
  const pauses: number[] = [];
  const taker = createUpload({
    ...{ url: "https://edge.test/v1/hls/stage/live", token: "secret" },
    async fetch(url, { method, headers, body }) {
      asked.push(`${method} ${new URL(url).pathname} ${body ?? ""}`);
      expect(headers).toEqual({ authorization: "Bearer secret" });
      const status = answers.shift() ?? 204;
      if (status === 0) throw new TypeError("fetch failed");
      return { status, body: null };
    },
    pause: async time => void pauses.push(time),
  });
  return { taker, asked, pauses };
}

describe("a broadcast's way to the edge", () => {
  it("puts files and takes them away", async () => {
    const { taker, asked } = setUp();
    await taker.begin();
    await taker.write("b-1.m4s", "one");
    await taker.remove("b-1.m4s");
    expect(asked).toEqual(["PUT /v1/hls/stage/live/b-1.m4s one", "DELETE /v1/hls/stage/live/b-1.m4s "]);
  });

  it("comes again where that may help, ever later", async () => {
    const { taker, asked, pauses } = setUp(0, 503, 429);
    await taker.write("b-1.m4s", "one");
    expect(asked).toHaveLength(4);
    expect(pauses).toEqual([500, 1_000, 2_000]);
  });

  it("gives up what is refused at once, and an edge that is away in the end", async () => {
    const refused = setUp(409);
    await expect(refused.taker.write("b-1.m4s", "one")).rejects.toThrow("the edge answers PUT with 409");
    expect(refused.asked).toHaveLength(1);
    const away = setUp(0, 0, 0, 0, 0, 0);
    await expect(away.taker.remove("b-1.m4s")).rejects.toThrow("can't be reached");
    expect(away.asked).toHaveLength(5);
  });
});

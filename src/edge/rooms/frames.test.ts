import { describe, expect, it } from "vitest";
import { LIMITS } from "../../protocol/limits.ts";
import { join, uniqueRoom } from "../testing/client.ts";

/** What may arrive instead of a frame, and how it is answered. */
const BAD: readonly [what: string, data: string | ArrayBuffer, code: string, id?: number][] = [
  ["binary", new Uint8Array([1, 2, 3]).buffer, "bad-frame"],
  ["nothing", "", "bad-frame"],
  ["no JSON", "{", "bad-frame"],
  ["null", "null", "bad-frame"],
  ["a number", "7", "bad-frame"],
  ["an array", "[]", "bad-frame"],
  ["no type", "{}", "bad-frame"],
  ["a type that is no string", '{"type":5}', "bad-frame"],
  ["an unknown type", '{"type":"rule.the.world","id":9}', "unknown-command", 9],
  ["a name of Object.prototype", '{"type":"constructor","id":9}', "unknown-command", 9],
  ["__proto__", '{"type":"__proto__","id":9}', "unknown-command", 9],
  ["a frame that only the edge sends", '{"type":"welcome"}', "unknown-command"],
  ["no id", '{"type":"chat.send","text":"hi"}', "bad-request"],
  ["an id of zero", '{"type":"chat.send","id":0,"text":"hi"}', "bad-request", 0],
  ["an id that is no integer", '{"type":"chat.send","id":1.5,"text":"hi"}', "bad-request"],
  ["an id beyond what is safe", '{"type":"chat.send","id":9007199254740993,"text":"hi"}', "bad-request"],
  ["a field of the wrong type", '{"type":"chat.send","id":9,"text":7}', "bad-request", 9],
  ["text of blanks", '{"type":"chat.send","id":9,"text":"   "}', "bad-request", 9],
  ["a chat message too long", JSON.stringify({ type: "chat.send", id: 9, text: "é".repeat(2_049) }), "bad-request", 9],
  ["a source kind that is none", '{"type":"source.publish","id":9,"kind":"smell"}', "bad-request", 9],
  ["somebody else's source", '{"type":"source.update","id":9,"number":160,"muted":true}', "no-such-source", 9],
  ["a peer who isn't there", '{"type":"peer.done","id":9,"to":"p_00000000"}', "no-such-participant", 9],
  ["a frame too large", JSON.stringify({ type: "app.message", id: 9, data: "x".repeat(64 * 1024) }), "too-large"],
  ["a description too large", `{"type":"peer.description","sdp":"${"x".repeat(256 * 1024)}"}`, "too-large"],
  ["nesting without end", `{"type":"app.message","id":9,"data":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, "", 9],
];

describe("a bad frame", () => {
  it.each(BAD)("(%s) gets a typed error, and the connection goes on", async (_what, data, code, id) => {
    const client = await join(uniqueRoom(), "clumsy");
    client.sendRaw(data);
    const after = await client.ask("chat.send", { text: "still here" });
    expect(after.type).toBe("ok");
    const errors = client.frames.filter(frame => frame.type === "error");
    // Deep nesting may be passed on or refused, as the stack allows; it must not hurt.
    if (code === "") return;
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code, ...(id !== undefined && { id }) });
    expect(errors[0]?.message.length).toBeGreaterThan(10);
    expect(JSON.stringify(errors[0])).not.toMatch(/\.ts|stack|SQL/);
  });

  it("may be as large as the contract allows", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    const frame = { type: "peer.description", to: bob.pid, negotiation: "n", description: { type: "offer", sdp: "" } };
    frame.description.sdp = "x".repeat(LIMITS.descriptionFrameBytes - JSON.stringify(frame).length - 64);
    ada.send(frame);
    expect((await bob.next("peer.description")).description.sdp).toBe(frame.description.sdp);
    const data = "y".repeat(LIMITS.frameBytes - 100);
    ada.send({ type: "app.message", data });
    expect((await bob.next("app.message")).data).toBe(data);
  });

  it("is not passed on when it would grow beyond a frame on its way", async () => {
    const ada = await join(uniqueRoom(), "ada");
    // Each number is written with 21 digits again.
    const data = `[${Array.from({ length: 13_000 }, () => "9E20").join(",")}]`;
    ada.sendRaw(`{"type":"app.message","id":1,"data":${data}}`);
    expect(await ada.next("error")).toMatchObject({ id: 1, code: "too-large" });
  });
});

describe("a flood", () => {
  it("at ten times the rate is refused, command by command, then closed if it goes on", async () => {
    const room = uniqueRoom();
    const flooder = await join(room, "flooder");
    const other = await join(room, "other");
    for (let id = 1; id <= 500; id++) flooder.send({ type: "app.message", id, data: id });
    await flooder.settle();
    const refused = flooder.frames.filter(frame => frame.type === "error");
    expect(refused.length).toBeGreaterThan(200);
    expect(refused[0]).toMatchObject({ code: "rate-limited", retryable: true, id: expect.any(Number) });
    await other.settle();
    const passed = other.frames.filter(frame => frame.type === "app.message");
    expect(passed.length + refused.length).toBe(500);

    for (let id = 1; id <= 2_000; id++) flooder.send({ type: "app.message", id, data: id });
    expect(await flooder.closed).toEqual({ code: 4429, reason: "rate-limited" });
    expect(await other.ask("chat.send", { text: "undisturbed" })).toMatchObject({ type: "ok" });
  });

  it("of rubbish ends sooner", async () => {
    const flooder = await join(uniqueRoom(), "flooder");
    for (let i = 0; i < 200; i++) flooder.sendRaw("rubbish");
    expect((await flooder.closed).code).toBe(4429);
    expect(flooder.frames.some(frame => frame.code === "bad-frame")).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import type { RoomDetail, RoomList } from "../../protocol/rest.ts";
import { askApi, join, uniqueRoom } from "../testing/client.ts";
import { advance } from "../testing/time.ts";

describe("rooms by REST", () => {
  it("are made with their settings, once", async () => {
    const name = uniqueRoom();
    const settings = { name, metadata: "m", maxParticipants: 7, topology: "mesh", persistent: true, region: "weur" };
    const response = await askApi("POST", "/v1/rooms", settings);
    expect(response.status).toBe(201);
    const detail: RoomDetail = await response.json();
    expect(detail).toMatchObject({
      id: name,
      metadata: "m",
      maxParticipants: 7,
      persistent: true,
      participants: 0,
      expiresAt: null,
      topology: { setting: "mesh", current: "mesh", reason: "forced" },
    });
    expect(await (await askApi("POST", "/v1/rooms", { name })).json()).toMatchObject({
      code: "room-exists",
      status: 409,
    });
    expect(await (await askApi("GET", `/v1/rooms/${name}`)).json()).toEqual(detail);
  });

  it("change while people are in, who hear of it", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const response = await askApi("PATCH", `/v1/rooms/${room}`, {
      topology: "sfu",
      metadata: "new",
      maxParticipants: 3,
    });
    expect(await response.json()).toMatchObject({
      metadata: "new",
      maxParticipants: 3,
      expiresAt: null,
      participants: 1,
    });
    expect(await ada.next("room.updated")).toMatchObject({ metadata: "new" });
    expect(await ada.next("topology.changed")).toMatchObject({
      topology: { setting: "sfu", current: "none", reason: "no-media-node" },
    });
    const bob = await join(room, "bob");
    ada.send({ type: "peer.done", id: 50, to: bob.pid });
    expect(await ada.next("error"), "nobody learns an address in a room that wants a node between").toMatchObject({
      id: 50,
      code: "wrong-state",
    });
  });

  it("live for ever if persistent, and for a day else", async () => {
    const name = uniqueRoom();
    const made: RoomDetail = await (await askApi("POST", "/v1/rooms", { name })).json();
    expect(made.expiresAt).toBe(made.createdAt + 86_400_000);
    const kept: RoomDetail = await (await askApi("PATCH", `/v1/rooms/${name}`, { persistent: true })).json();
    expect(kept.expiresAt).toBeNull();
    const given: RoomDetail = await (await askApi("PATCH", `/v1/rooms/${name}`, { persistent: false })).json();
    expect(given.expiresAt).toBeGreaterThanOrEqual(made.expiresAt ?? 0);
  });

  it("list who is in, and let somebody be removed", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const ghost = await join(room, "ghost", { grants: { hidden: true } });
    const list = await (await askApi("GET", `/v1/rooms/${room}/participants`)).json();
    expect(list).toMatchObject({ participants: [{ pid: ada.pid }, { pid: ghost.pid }] });
    expect((await askApi("DELETE", `/v1/rooms/${room}/participants/${ghost.pid}`)).status).toBe(204);
    expect((await ghost.closed).code).toBe(4415);
    const again = await askApi("DELETE", `/v1/rooms/${room}/participants/${ghost.pid}`);
    expect(await again.json()).toMatchObject({ code: "no-such-participant", status: 404 });
    expect((await askApi("DELETE", `/v1/rooms/${room}/participants/nobody`)).status).toBe(404);
  });
});

describe("the list of rooms", () => {
  it("has each room once, in order, page by page, until it is closed", async () => {
    const jurisdiction = "us";
    const ids: string[] = [];
    for (let i = 0; i < 25; i++) {
      const response = await askApi("POST", "/v1/rooms", { name: uniqueRoom(), jurisdiction });
      ids.push(((await response.json()) as RoomDetail).id);
    }
    const read = async (limit: number) => {
      const found: string[] = [];
      let after: string | null = "";
      let pages = 0;
      while (after !== null) {
        const query: string = `jurisdiction=${jurisdiction}&limit=${limit}${after && `&after=${after}`}`;
        const page: RoomList = await (await askApi("GET", `/v1/rooms?${query}`)).json();
        expect(page.rooms.length).toBeLessThanOrEqual(limit);
        found.push(...page.rooms.map(room => room.id));
        after = page.next;
        pages++;
      }
      return { found, pages };
    };
    expect(await read(7)).toEqual({ found: ids.toSorted(), pages: 4 });
    expect(await read(25)).toEqual({ found: ids.toSorted(), pages: 1 });
    for (const id of ids.slice(0, 20)) expect((await askApi("DELETE", `/v1/rooms/${id}`)).status).toBe(204);
    expect((await read(100)).found).toEqual(ids.slice(20).toSorted());
  });

  it("hears how many are in shortly after they come and go", async () => {
    const room = `zz-${uniqueRoom()}`;
    const count = async () => {
      const list: RoomList = await (await askApi("GET", `/v1/rooms?after=${room.slice(0, -1)}`)).json();
      return list.rooms.find(entry => entry.id === room)?.participants;
    };
    await Promise.all([join(room, "a"), join(room, "b"), join(room, "c")]);
    await advance(room, 1_000);
    expect(await count()).toBe(3);
  });

  it("refuses a query that makes no sense", async () => {
    for (const query of ["limit=0", "limit=101", "limit=x", "jurisdiction=mars", "after=Not_An_Id"]) {
      expect((await askApi("GET", `/v1/rooms?${query}`)).status, query).toBe(400);
    }
  });
});

describe("a jurisdiction", () => {
  it("is part of a room's id: the same name elsewhere is another room", async () => {
    const name = uniqueRoom();
    await askApi("POST", "/v1/rooms", { name, jurisdiction: "eu" });
    expect((await askApi("GET", `/v1/rooms/eu.${name}`)).status).toBe(200);
    expect((await askApi("GET", `/v1/rooms/${name}`)).status).toBe(404);
    expect((await join(`eu.${name}`, "ada")).welcome.room.id).toBe(`eu.${name}`);
  });
});

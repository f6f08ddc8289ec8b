import { describe, expect, it } from "vitest";
import type { IceServer } from "../protocol/model.ts";
import type { RoomModel, Surroundings } from "./core/index.ts";
import { createFakeSurroundings, seeded } from "./core/testing/fake-surroundings.ts";
import { createVirtualTime } from "./core/testing/virtual-time.ts";
import { createIce, type IceOptions } from "./ice.ts";

const TTL = 600_000;
const server = (name: string): IceServer => ({ urls: [`turn:${name}.example`], username: name, credential: "c" });

function setUp(options: Partial<IceOptions> = {}) {
  const time = createVirtualTime();
  let model = {
    iceServers: [server("welcome")],
    iceServersTtl: TTL,
    topology: { setting: "auto", current: "mesh", reason: "few" },
  } as unknown as RoomModel;
  const asked: number[] = [];
  const errors: unknown[] = [];
  const ice = createIce({
    surroundings: createFakeSurroundings(time, (() => {}) as unknown as Surroundings["openSocket"], seeded(1)),
    model: () => model,
    ask() {
      asked.push(time.now());
      return Promise.resolve({ iceServers: [server(`answer${asked.length}`)], iceServersTtl: TTL });
    },
    failed: error => errors.push(error),
    ...options,
  });
  const connect = () => {
    const connection = {
      configuration: {} as RTCConfiguration,
      signalingState: "stable",
      sets: 0,
      getConfiguration: () => connection.configuration,
      setConfiguration(configuration: RTCConfiguration) {
        connection.sets++;
        connection.configuration = configuration;
      },
    };
    const host = {
      createConnection(configuration: RTCConfiguration) {
        connection.configuration = configuration;
        return connection as unknown as RTCPeerConnection;
      },
      createStream: () => ({}) as MediaStream,
    };
    const made = ice.connect(host);
    return { connection: made, fake: connection, name: () => connection.configuration.iceServers?.[0]?.username };
  };
  return {
    time,
    ice,
    asked,
    errors,
    connect,
    change(changes: Partial<RoomModel>) {
      model = { ...model, ...changes };
      ice.update();
    },
    async refresh(connection: RTCPeerConnection, use: "start" | "restart") {
      const refreshed = ice.refresh(connection, use);
      await time.advance(2_000);
      await refreshed;
    },
  };
}

describe("a connection's servers", () => {
  it("are the welcome's, and nobody is asked while those are young", async () => {
    const { connect, refresh, asked, time } = setUp();
    await time.advance(0.79 * TTL);
    const { connection, fake, name } = connect();
    await refresh(connection, "start");
    expect(name()).toBe("welcome");
    expect(fake.sets).toBe(0);
    expect(asked).toEqual([]);
  });

  it("are asked for anew, once for all, when the old ones have lived four fifths of their time", async () => {
    const { connect, ice, asked, time } = setUp();
    await time.advance(0.81 * TTL);
    expect(ice.stale).toBe(true);
    const [one, other] = [connect(), connect()];
    const all = Promise.all([ice.refresh(one.connection, "start"), ice.refresh(other.connection, "start")]);
    await time.advance(2_000);
    await all;
    expect(asked).toHaveLength(1);
    expect([one.name(), other.name()]).toEqual(["answer1", "answer1"]);
    expect(ice.stale).toBe(false);
    expect(connect().name(), "whoever comes next").toBe("answer1");
  });

  it("are asked for by nobody as time goes by: the room sleeps", async () => {
    const { asked, time, connect } = setUp();
    connect();
    await time.advance(24 * 3_600_000);
    expect(asked).toEqual([]);
  });

  it("are asked for before ICE restarts, unless they have just come", async () => {
    const { connect, refresh, asked, time } = setUp();
    const { connection, name } = connect();
    await refresh(connection, "restart");
    expect(asked).toEqual([]);
    await time.advance(10_000);
    await refresh(connection, "restart");
    await refresh(connection, "restart");
    expect(asked).toHaveLength(1);
    expect(name()).toBe("answer1");
  });

  it("are others in another topology, and once a resume has brought others", async () => {
    const { connect, refresh, asked, change, ice, time } = setUp();
    change({ topology: { setting: "auto", current: "sfu", reason: "many", epoch: 1 } });
    const { connection, name } = connect();
    await refresh(connection, "start");
    expect(asked).toHaveLength(1);
    await time.advance(0.9 * TTL);
    change({ iceServers: [server("resumed")] });
    expect(ice.stale).toBe(false);
    await refresh(connection, "start");
    expect(asked).toHaveLength(1);
    expect(name()).toBe("resumed");
  });

  it("never expire where there is nothing that could", async () => {
    const { change, ice, time } = setUp();
    change({ iceServers: [{ urls: ["stun:s.example"] }], iceServersTtl: undefined });
    await time.advance(24 * 3_600_000);
    expect(ice.stale).toBe(false);
  });

  it.each([
    ["refuses", () => Promise.reject(new Error("no"))],
    ["does not answer", () => new Promise<never>(() => {})],
  ])("stay the old ones where the room %s, and the call goes on", async (_what, ask) => {
    const { connect, refresh, time, errors } = setUp({ ask });
    await time.advance(TTL);
    const { connection, name } = connect();
    await refresh(connection, "start");
    expect(name()).toBe("welcome");
    expect(errors).toEqual([]);
  });

  it("are the application's where it brings its own", async () => {
    const { connect, refresh, asked, time, change } = setUp({ iceServers: [{ urls: "turn:mine", username: "mine" }] });
    await time.advance(2 * TTL);
    change({
      iceServers: [server("resumed")],
      topology: { setting: "sfu", current: "sfu", reason: "forced", epoch: 2 },
    });
    const { connection, name, fake } = connect();
    await refresh(connection, "restart");
    expect(name()).toBe("mine");
    expect(fake.sets).toBe(0);
    expect(asked).toEqual([]);
  });

  it("keep to relays alone if the application says so", async () => {
    const { connect, refresh, time } = setUp({ iceTransportPolicy: "relay" });
    const { connection, fake } = connect();
    expect(fake.configuration.iceTransportPolicy).toBe("relay");
    await time.advance(TTL);
    await refresh(connection, "restart");
    expect(fake.configuration).toMatchObject({ iceTransportPolicy: "relay", bundlePolicy: "max-bundle" });
    expect(setUp().connect().fake.configuration.iceTransportPolicy).toBe("all");
  });

  it("leave a connection alone that has closed meanwhile, and say where a browser takes none", async () => {
    const { connect, refresh, time, errors } = setUp();
    await time.advance(TTL);
    const [closed, picky] = [connect(), connect()];
    closed.fake.signalingState = "closed";
    picky.fake.setConfiguration = () => {
      throw new TypeError("no such URL");
    };
    await refresh(closed.connection, "restart");
    await refresh(picky.connection, "restart");
    expect(closed.name()).toBe("welcome");
    expect(errors).toHaveLength(1);
  });
});

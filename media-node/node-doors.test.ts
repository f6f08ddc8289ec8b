import { describe, expect, it } from "vitest";
import { createLog } from "./log.ts";
import { botConfigs, rtmpConfigs } from "./node-doors.ts";

const lines: string[] = [];
const configs = (more: object) =>
  botConfigs(
    { "bot-listen": "127.0.0.1:7100", "bot-url": "", cert: "", pkey: "", workers: 2, ...more },
    createLog("warn", {}, line => lines.push(line)),
  );

describe("doors for programs", () => {
  it("are off unless they are told where to be", () => {
    expect(configs({ "bot-listen": "" })).toEqual([]);
  });

  it("are one a worker, on a port each, unless any port will do", () => {
    const url = "ws://127.0.0.1:{port}/";
    expect(configs({})).toEqual([
      { bots: { address: "127.0.0.1", port: 7_100, url } },
      { bots: { address: "127.0.0.1", port: 7_101, url } },
    ]);
    expect(configs({ "bot-listen": "127.0.0.1:0" }).map(({ bots }) => bots?.port)).toEqual([0, 0]);
    expect(lines).toEqual([]);
  });

  it("are encrypted by the node's certificate, and say so where they aren't and should be", () => {
    const tls = { cert: "chain.pem", pkey: "key.pem" };
    const [{ bots } = {}] = configs({ ...tls, "bot-listen": "[2001:db8::1]:7100" });
    expect(bots).toMatchObject({ url: "wss://[2001:db8::1]:{port}/", tls: { cert: "chain.pem", key: "key.pem" } });
    expect(lines).toEqual([]);
    configs({ "bot-listen": "192.0.2.1:7100" });
    expect(lines.join()).toContain("not encrypted");
    expect(() => configs({ cert: "chain.pem" })).toThrow("go together");
  });

  it("have the URL that they are given, and need one where no address tells it", () => {
    expect(() => configs({ "bot-listen": "0.0.0.0:7100" })).toThrow("--bot-url");
    expect(() => configs({ "bot-listen": "[::]:7100" })).toThrow("--bot-url");
    const url = "wss://node.example.com/bots/{port}";
    expect(configs({ "bot-listen": "0.0.0.0:7100", "bot-url": url })[1]?.bots?.url).toBe(url);
  });
});

describe("doors for encoders", () => {
  const encoders = (more: object) =>
    rtmpConfigs(
      { "rtmp-listen": "127.0.0.1:1935", "rtmp-url": "", cert: "", pkey: "", workers: 2, ...more },
      createLog("warn", {}, line => lines.push(line)),
    ).map(({ rtmp }) => rtmp);

  it("are one a worker, off unless they are told where to be", () => {
    expect(encoders({ "rtmp-listen": "" })).toEqual([]);
    expect(encoders({})).toEqual([
      { address: "127.0.0.1", port: 1_935, url: "rtmp://127.0.0.1:{port}/live" },
      { address: "127.0.0.1", port: 1_936, url: "rtmp://127.0.0.1:{port}/live" },
    ]);
    expect(() => encoders({ "rtmp-listen": "0.0.0.0:1935" })).toThrow("--rtmp-url");
  });

  it("speak RTMPS where there is a certificate, unless their URL says RTMP", () => {
    const secure = { cert: "chain.pem", pkey: "key.pem" };
    const tls = { cert: "chain.pem", key: "key.pem" };
    expect(encoders(secure)[0]).toMatchObject({ url: "rtmps://127.0.0.1:{port}/live", tls });
    const url = "rtmp://node.example.com:{port}/live";
    expect(encoders({ ...secure, "rtmp-url": url })[0]).toEqual({ address: "127.0.0.1", port: 1_935, url });
    encoders({ "rtmp-listen": "192.0.2.1:1935" });
    expect(lines.at(-1)).toContain("nor are their keys");
  });
});

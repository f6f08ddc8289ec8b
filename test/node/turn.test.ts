/** The TURN server before programs that we did not write: Debian's turnutils. Their exit codes lie, so what they print counts. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/ports.ts";
import { makeCertificate, type RunningTurn, startTurn, writeCertificate } from "../support/turn.ts";

const execute = promisify(execFile);
const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));
const SECRET = "a-shared-secret";

async function run(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await execute(program, args, { timeout: 45_000 });
    return stdout + stderr;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}\n${String(error)}`;
  }
}

/** Messages that uclient sent and got back, and what it says it lost. */
function tally(output: string): { sent: number; received: number; lost: number } {
  const last = (pattern: RegExp): number => Number([...output.matchAll(pattern)].at(-1)?.[1] ?? Number.NaN);
  return {
    sent: last(/tot_send_msgs=(\d+)/g),
    received: last(/tot_recv_msgs=(\d+)/g),
    lost: last(/Total lost packets (\d+)/g),
  };
}

const STATIC = ["-u", "alice", "-w", "wonderland"];
const REST = ["-u", "somebody", "-W", SECRET];
const IPV4 = ["-e", "127.0.0.1"];
const TO_IPV4 = ["127.0.0.1"];
const RUNS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["channels over UDP", ["-c", ...STATIC, ...IPV4], TO_IPV4],
  ["Send and Data over UDP", ["-c", "-s", ...STATIC, ...IPV4], TO_IPV4],
  ["pairs for RTP and RTCP", [...STATIC, ...IPV4], TO_IPV4],
  ["channels over TCP", ["-c", "-t", ...STATIC, ...IPV4], TO_IPV4],
  ["Send and Data over TCP", ["-c", "-t", "-s", ...STATIC, ...IPV4], TO_IPV4],
  ["channels over TLS", ["-c", "-t", "-S", ...STATIC, ...IPV4], TO_IPV4],
  ["Send and Data over TLS", ["-c", "-t", "-S", "-s", ...STATIC, ...IPV4], TO_IPV4],
  ["channels over DTLS", ["-c", "-S", ...STATIC, ...IPV4], TO_IPV4],
  ["DONT-FRAGMENT", ["-c", "-g", "-s", ...STATIC, ...IPV4], TO_IPV4],
  ["client to client", ["-y", "-c", ...STATIC], TO_IPV4],
  ["IPv6", ["-c", "-x", ...STATIC, "-e", "::1"], ["::1"]],
  ["both families", ["-c", "-Z", ...STATIC, ...IPV4], TO_IPV4],
  ["REST credentials", ["-c", ...REST, ...IPV4], TO_IPV4],
];

describe.each(["bun", "node"] as const)("the TURN server on %s", runtime => {
  let turn: RunningTurn;
  let peer: ChildProcess;
  let peerPort = 0;
  let certificate: Awaited<ReturnType<typeof makeCertificate>>;

  beforeAll(async () => {
    certificate = await makeCertificate();
    const { cert, pkey } = certificate;
    turn = await startTurn({
      runtime,
      secret: SECRET,
      settings: { cert, pkey, dtls: "true", "rfc5766-channel-numbers": "true" },
    });
    peerPort = await freePort();
    peer = spawn("turnutils_peer", ["-L", "127.0.0.1", "-L", "::1", "-p", String(peerPort)], { stdio: "ignore" });
  });
  afterAll(async () => {
    peer?.kill();
    await turn?.stop();
    await certificate?.remove();
  });

  it.concurrent.each(RUNS)("carries %s for turnutils_uclient without a loss", async (_, args, target) => {
    const ports = ["-p", String(turn.port), "-r", String(peerPort)];
    const output = await run("turnutils_uclient", [
      ...ports,
      "-m",
      "2",
      "-n",
      "25",
      "-l",
      "160",
      "-z",
      "20",
      ...args,
      ...target,
    ]);
    const { sent, received, lost } = tally(output);
    expect({ received, lost }, output).toEqual({ received: sent, lost: 0 });
    expect(sent).toBeGreaterThanOrEqual(50);
  });

  it("tells turnutils_stunclient its address", async () => {
    const output = await run("turnutils_stunclient", ["-p", String(turn.port), "127.0.0.1"]);
    expect(output).toMatch(/UDP reflexive addr: 127\.0\.0\.1:\d+/);
  });

  it("takes a new certificate for new connections and leaves the old ones open", async () => {
    const open = async (): Promise<TLSSocket> => {
      const socket = connectTls({ host: "127.0.0.1", port: turn.port, rejectUnauthorized: false });
      await once(socket, "secureConnect");
      return socket;
    };
    const first = await open();
    const before = first.getPeerCertificate().fingerprint256;
    await writeCertificate(certificate.cert, certificate.pkey);
    turn.child.kill("SIGHUP");
    await expect.poll(() => turn.log.some(({ message }) => message === "certificate reloaded")).toBe(true);
    const second = await open();
    expect(second.getPeerCertificate().fingerprint256).not.toBe(before);
    const binding = Buffer.from(`000100002112a442${"cd".repeat(12)}`, "hex");
    for (const socket of [first, second]) {
      socket.write(binding);
      const [answer] = (await once(socket, "data")) as [Buffer];
      expect(answer.readUInt16BE(0)).toBe(0x0101);
      socket.destroy();
    }
  });

  it("closes a connection that begins nothing of ours, and one that promises too much", async () => {
    for (const bytes of ["GET / HTTP/1.1\r\n\r\n", Buffer.from("0001fffc", "hex")]) {
      const socket = connect(turn.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(bytes);
      await once(socket, "close");
    }
  });

  it("shows its counters on the admin port, and keeps secrets out of its log", async () => {
    await pause(1_200);
    const metrics = await (await fetch(`http://127.0.0.1:${turn.adminPort}/metrics`)).text();
    expect(metrics).toMatch(/tandem_turn_allocated_total [1-9]/);
    expect(metrics).toMatch(/tandem_turn_tls_packetsUp_total [1-9]/);
    expect(metrics).not.toContain("alice");
    const ended = turn.log.filter(({ message }) => message === "allocation ended");
    expect(ended.length).toBeGreaterThan(20);
    const text = JSON.stringify(turn.log);
    for (const secret of [SECRET, "wonderland"]) expect(text).not.toContain(secret);
  });
});

describe.concurrent("what is off by default", () => {
  it("tells turnutils_natdiscovery how it maps and filters", async () => {
    const turn = await startTurn({
      settings: { listen: "127.0.0.1", rfc5780: "true", "alt-listening-ip": "127.0.0.2" },
    });
    try {
      const to = ["-L", "127.0.0.1", "-p", String(turn.port), "127.0.0.1"];
      const output = await run("turnutils_natdiscovery", ["-m", "-f", ...to]);
      expect(output).toContain("NAT with Endpoint Independent Mapping!");
      expect(output).toContain("NAT with Endpoint Independent Filtering!");
      expect(output.match(/RFC 5780 response/g)).toHaveLength(4);
    } finally {
      await turn.stop();
    }
  });

  it("lets turnutils_uclient take its allocation to another port", async ({ expect }) => {
    const turn = await startTurn({ settings: { mobility: "true", "rfc5766-channel-numbers": "true" } });
    const peerPort = await freePort();
    const peer = spawn("turnutils_peer", ["-L", "127.0.0.1", "-p", String(peerPort)], { stdio: "ignore" });
    try {
      const output = await run("turnutils_uclient", [
        ...["-p", String(turn.port), "-r", String(peerPort), "-c", "-M", "-m", "1", "-n", "5", "-z", "20"],
        ...[...STATIC, ...IPV4, ...TO_IPV4],
      ]);
      const { received, lost } = tally(output);
      expect({ received, lost }, output).toEqual({ received: 5, lost: 0 });
      await expect
        .poll(async () => (await fetch(`http://127.0.0.1:${turn.adminPort}/metrics`)).text(), { timeout: 5_000 })
        .toMatch(/tandem_turn_moved_total [1-9]/);
    } finally {
      peer.kill();
      await turn.stop();
    }
  });

  it("connects turnutils_uclient over TCP to itself, by TCP and by TLS", async () => {
    const certificate = await makeCertificate();
    const { cert, pkey } = certificate;
    const turn = await startTurn({ settings: { cert, pkey, "tcp-relay": "true" } });
    try {
      const outputs = await Promise.all(
        [[], ["-S"]].map(secure =>
          run("turnutils_uclient", [
            ...["-p", String(turn.port), "-T", ...secure, "-m", "2", "-n", "10", "-l", "160", "-z", "20"],
            ...[...STATIC, ...TO_IPV4],
          ]),
        ),
      );
      for (const output of outputs) {
        const { received, lost } = tally(output);
        expect({ received, lost }, output).toEqual({ received: 20, lost: 0 });
      }
    } finally {
      await turn.stop();
      await certificate.remove();
    }
  });
});

it("answers 508 when the ports are gone, and serves again when they are back", async () => {
  const turn = await startTurn({
    settings: { "min-port": "58000", "max-port": "58003", "rfc5766-channel-numbers": "true" },
  });
  const peerPort = await freePort();
  const peer = spawn("turnutils_peer", ["-L", "127.0.0.1", "-p", String(peerPort)], { stdio: "ignore" });
  try {
    const client = (clients: number) =>
      run("turnutils_uclient", [
        ...["-p", String(turn.port), "-r", String(peerPort), "-c", "-t", "-m", String(clients), "-n", "5", "-z", "20"],
        ...[...STATIC, ...IPV4, ...TO_IPV4],
      ]);
    expect(await client(8)).toContain("508");
    await pause(1_500);
    const { received, lost } = tally(await client(1));
    expect({ received, lost }).toEqual({ received: 5, lost: 0 });
  } finally {
    peer.kill();
    await turn.stop();
  }
});

it("serves from several workers on one port, and relays of one reach those of another", async () => {
  const settings = { "turn-workers": "2", "rfc5766-channel-numbers": "true", "allowed-peer-ip": "" };
  const turn = await startTurn({ settings });
  try {
    const output = await run("turnutils_uclient", [
      ...["-p", String(turn.port), "-y", "-c", "-m", "6", "-n", "10", "-l", "160", "-z", "20"],
      ...[...STATIC, ...TO_IPV4],
    ]);
    const { sent, received, lost } = tally(output);
    expect({ received, lost }, output).toEqual({ received: sent, lost: 0 });
    await turn.stop();
    const workers = turn.log.filter(({ message }) => message === "allocation ended").map(({ worker }) => worker);
    expect(new Set(workers)).toEqual(new Set([0, 1]));
  } finally {
    await turn.stop();
  }
});

it("grows by nothing under 100,000 Allocates from everywhere, and relays as ever", async () => {
  const turn = await startTurn({ settings: { listen: "127.0.0.1", "rfc5766-channel-numbers": "true" } });
  const peerPort = await freePort();
  const peer = spawn("turnutils_peer", ["-L", "127.0.0.1", "-p", String(peerPort)], { stdio: "ignore" });
  try {
    const [pid] = turn.workerPids();
    const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    const flood = async (count: number): Promise<number> => {
      let answers = 0;
      // One socket per source: 127.0.0.0/8 is all ours.
      for (let source = 1; source <= 20; source++) {
        const socket = createSocket("udp4");
        socket.on("message", () => answers++);
        socket.bind(0, `127.0.0.${source}`);
        await once(socket, "listening");
        const request = Buffer.from(`000300082112a442${"ab".repeat(12)}0019000411000000`, "hex");
        for (let i = 0; i < count / 20; i++) {
          request.writeUInt32BE(i, 8);
          socket.send(request, turn.port, "127.0.0.1");
          if (i % 200 === 199) await pause(2);
        }
        await pause(20);
        socket.close();
      }
      return answers;
    };
    await flood(20_000);
    const before = resident();
    // Over TCP: what a flooded UDP port loses, the kernel loses.
    const call = run("turnutils_uclient", [
      ...["-p", String(turn.port), "-r", String(peerPort), "-c", "-t", "-m", "2", "-n", "100", "-z", "20"],
      ...[...STATIC, ...IPV4, ...TO_IPV4],
    ]);
    const answers = await flood(100_000);
    const { received, lost } = tally(await call);
    expect({ received, lost }).toEqual({ received: 200, lost: 0 });
    expect(answers).toBeGreaterThan(0);
    expect(answers).toBeLessThan(30_000);
    expect(resident() - before).toBeLessThan(16_000);
  } finally {
    peer.kill();
    await turn.stop();
  }
});

it("that is told to stop takes nobody new, and lets those go on who are there until its time is up", async () => {
  const settings = { listen: "127.0.0.1", "drain-timeout": "30", "rfc5766-channel-numbers": "true" };
  const turn = await startTurn({ settings });
  const peerPort = await freePort();
  const peer = spawn("turnutils_peer", ["-L", "127.0.0.1", "-p", String(peerPort)], { stdio: "ignore" });
  // Over UDP uclient leaves an allocation behind.
  const args = ["-p", String(turn.port), "-r", String(peerPort), "-c", "-t", "-m", "1", "-z", "20", ...STATIC, ...IPV4];
  try {
    const call = run("turnutils_uclient", [...args, "-n", "150", ...TO_IPV4]);
    const metrics = () => fetch(`http://127.0.0.1:${turn.adminPort}/metrics`).then(answer => answer.text());
    await expect.poll(metrics, { timeout: 10_000 }).toMatch(/turn_tcp_packetsUp_total [1-9]/);
    turn.child.kill("SIGTERM");
    const askedAt = performance.now();
    const late = await run("timeout", ["3", "turnutils_uclient", ...args, "-n", "1", ...TO_IPV4]);
    expect(late).toContain("error 508 (draining)");
    const { sent, received, lost } = tally(await call);
    expect({ received, lost }).toEqual({ received: sent, lost: 0 });
    // Nothing is left to wait for.
    await once(turn.child, "exit");
    expect(performance.now() - askedAt).toBeLessThan(25_000);
  } finally {
    peer.kill();
    await turn.stop();
  }
});

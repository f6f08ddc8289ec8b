import { execFile, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createCertificate, fingerprintOf } from "./certificate.ts";
import { createHandshakeBudget } from "./handshake-budget.ts";
import { createDtlsServer } from "./server.ts";
import { hexOf } from "./testing/pair.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tandem-dtls-"));
});
afterAll(() => rm(folder, { recursive: true }));

const KEY_TYPES = {
  ECDSA: ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  RSA: ["rsa:2048"],
};

it.each<[keyof typeof KEY_TYPES, string, string[]]>([
  ["ECDSA", "over X25519", []],
  ["RSA", "over P-256 in fragments", ["-curves", "P-256", "-mtu", "300"]],
])("openssl s_client with a certificate of %s connects %s and exports the same keys", async (type, _, options) => {
  const [key, certificate] = [join(folder, `${type}.key`), join(folder, `${type}.pem`)];
  const request = ["req", "-x509", "-nodes", "-subj", "/CN=peer", "-keyout", key, "-out", certificate];
  await promisify(execFile)("openssl", [...request, "-newkey", ...KEY_TYPES[type]]);

  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  let peer: RemoteInfo | undefined;
  const heard: string[] = [];
  let keys: Record<string, string> = {};
  const server = createDtlsServer({
    certificate: createCertificate({ unixTime: Date.now() }),
    remoteFingerprint: fingerprintOf(new X509Certificate(await readFile(certificate)).raw, "sha-256"),
    srtpProfiles: ["AEAD_AES_128_GCM"],
    budget: createHandshakeBudget(),
    send: datagram => socket.send(datagram, peer!.port, peer!.address),
    listener: {
      onConnected: srtp => {
        keys = hexOf({ ...srtp });
      },
      onData: data => {
        heard.push(Buffer.from(data).toString().trim());
        server.send(Buffer.from("greetings from the server\n"));
      },
      onFailed: failure => heard.push(failure),
      onClosed: alert => heard.push(`closed ${alert}`),
    },
  });
  socket.on("message", (datagram, from) => {
    peer = from;
    server.handle(datagram, performance.now());
  });

  const exporter = [
    "-use_srtp",
    "SRTP_AEAD_AES_128_GCM",
    "-keymatexport",
    "EXTRACTOR-dtls_srtp",
    "-keymatexportlen",
    "56",
  ];
  const to = ["-connect", `127.0.0.1:${socket.address().port}`, "-cert", certificate, "-key", key];
  const client = spawn("openssl", ["s_client", "-dtls1_2", ...to, ...exporter, ...options]);
  let output = "";
  client.stdout.on("data", text => {
    output += text;
    if (output.includes("Keying material:") && heard.length === 0) client.stdin.write("hello\n");
    if (output.includes("greetings")) client.stdin.end();
  });
  await once(client, "close");
  await expect.poll(() => heard).toEqual(["hello", "closed 0"]);
  socket.close();

  const exported = /Keying material: ([0-9A-F]+)/.exec(output)?.[1]?.toLowerCase();
  expect(exported).toBe(`${keys.remoteKey}${keys.localKey}${keys.remoteSalt}${keys.localSalt}`);
  expect(output).toContain("Extended master secret: yes");
  expect(output).toContain("Secure Renegotiation IS supported");
});

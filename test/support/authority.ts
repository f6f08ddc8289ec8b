import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A certificate authority of a test's own. */
export interface Authority {
  /** PEM files of a server that it vouches for. */
  readonly cert: string;
  readonly pkey: string;
  /** Make the browser profile in `folder` trust it. */
  trust(folder: string): Promise<void>;
  /** A folder to be a Chromium's home, which then trusts it. */
  readonly chromiumHome: string;
  remove(): Promise<void>;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];

/** Make an authority, and a certificate of a server with these names, e.g. `IP:203.0.113.10`. */
export async function createAuthority(names: readonly string[]): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), "tandem-authority-"));
  const file = (name: string): string => join(folder, name);
  const request = (to: string, ...args: string[]) =>
    execute("openssl", [...["req", "-x509", ...KEY, "-keyout", file(`${to}.key`), "-out", file(`${to}.pem`)], ...args]);
  await request("ca", "-subj", "/CN=Tandem's test authority", "-addext", "keyUsage=critical,keyCertSign");
  await request(
    "server",
    ...["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-subj", "/CN=tandem"],
    ...["-addext", "basicConstraints=critical,CA:FALSE", "-addext", `subjectAltName=${names.join(",")}`],
  );
  const trust = async (profile: string): Promise<void> => {
    await mkdir(profile, { recursive: true });
    const database = ["-d", `sql:${profile}`];
    await execute("certutil", [...database, "-N", "--empty-password"]);
    await execute("certutil", [...database, "-A", "-n", "tandem-test", "-t", "C,,", "-i", file("ca.pem")]);
  };
  const chromiumHome = file("home");
  await trust(join(chromiumHome, ".pki/nssdb"));
  return {
    cert: file("server.pem"),
    pkey: file("server.key"),
    trust,
    chromiumHome,
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";

export const KAMAILIO_PASSWORD = "a provider's secret";

/** A SIP provider: accounts register, prove themselves by SHA-256, and are called; all calls keep going by it. */
export interface Kamailio {
  readonly port: number;
  readonly log: string[];
  stop(): Promise<void>;
}

/**
 * @param accounts registers who is called so, with {@link KAMAILIO_PASSWORD}
 * @param outside port of loopback where calls of theirs go
 */
export async function startKamailio(accounts: readonly string[], outside: number): Promise<Kamailio> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-kamailio-"));
  const port = await freePort();
  const isAccount = accounts.map(name => `$fU == "${name}"`).join(" || ");
  const modules = ["tm", "sl", "rr", "pv", "maxfwd", "textops", "siputils", "usrloc", "registrar", "auth"];
  const config = `
children=1
tcp_children=1
log_stderror=yes
debug=1
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
mpath="/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/kamailio/modules"
${modules.map(name => `loadmodule "${name}.so"`).join("\n")}
modparam("usrloc", "db_mode", 0)
modparam("auth", "algorithm", "SHA-256")
modparam("rr", "append_fromtag", 1)

request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("provider", "${KAMAILIO_PASSWORD}", "0")) { www_challenge("provider", "1"); exit; }
    save("location");
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  record_route();
  if (${isAccount}) {
    if (!pv_proxy_authenticate("provider", "${KAMAILIO_PASSWORD}", "0")) { proxy_challenge("provider", "1"); exit; }
    consume_credentials();
    $ru = "sip:bob@127.0.0.1:${outside}";
  } else if (!lookup("location")) {
    sl_send_reply("404", "Not Found");
    exit;
  }
  t_relay();
}
`;
  writeFileSync(join(folder, "kamailio.cfg"), config);
  const args = ["-f", join(folder, "kamailio.cfg"), "-DD", "-E", "-m", "32", "-M", "4", "-Y", folder, "-w", folder];
  const child: ChildProcess = spawn("kamailio", args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const exited = once(child, "exit");
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", chunk => log.push(String(chunk)));
  return {
    port,
    log,
    async stop() {
      try {
        process.kill(-(child.pid ?? 0), "SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

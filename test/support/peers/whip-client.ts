import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What it publishes (Hz). */
export const WHIP_CLIENT_TONE = 330;
const AUDIO = `audiotestsrc is-live=true freq=${WHIP_CLIENT_TONE} ! audioconvert ! audioresample ! queue ! opusenc
  ! rtpopuspay pt=100 ssrc=1 ! queue ! application/x-rtp,media=audio,encoding-name=OPUS,payload=100`;
const VIDEO = `videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=10/1 ! videoconvert ! queue
  ! vp8enc deadline=1 keyframe-max-dist=10 ! rtpvp8pay pt=96 ssrc=2 ! queue
  ! application/x-rtp,media=video,encoding-name=VP8,payload=96`;

/**
 * Debian 12's package loads two versions of libsoup, by way of a library for UPnP, and ends itself for that (2026-12-01). We need no
 * UPnP: one with nothing in it takes the library's place.
 */
const STUB = ["get_type", "add_port", "remove_port", "remove_port_local", "thread_new", "delete_all_mappings"]
  .map(name => `void *gupnp_simple_igd_${name}(void) { return 0; }`)
  .join("\n");

/** Meetecho's encoder, of another name for everything that ours and browsers say alike. */
export interface WhipClient {
  readonly output: string[];
  /** Has it DELETE its session and end. */
  end(): Promise<void>;
}

/** Start it in a network namespace, as it gathers no loopback candidates. */
export function startWhipClient(namespace: string, endpoint: string, token: string): WhipClient {
  const folder = mkdtempSync(join(tmpdir(), "tandem-whip-client-"));
  writeFileSync(join(folder, "stub.c"), STUB);
  execFileSync("tcc", ["-nostdlib", "-shared", "-o", "libgupnp-igd-1.0.so.4", "stub.c"], { cwd: folder });
  const child: ChildProcess = spawn(
    "ip",
    ["netns", "exec", namespace, "whip-client", "-u", endpoint, "-t", token, "-A", AUDIO, "-V", VIDEO, "-o"],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LD_LIBRARY_PATH: folder } },
  );
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", chunk => output.push(String(chunk)));
  const exit = once(child, "exit");
  return {
    output,
    async end() {
      child.kill("SIGINT");
      const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await exit;
      clearTimeout(late);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

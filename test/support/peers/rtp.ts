import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** ffmpeg and GStreamer with plain RTP and SRTP: tones out, and what is heard of them. */

const RATE = 48_000;
/** What comes first is not judged: decoders and jitter buffers begin with silence. */
const SKIPPED = RATE / 2;
const JUDGED = RATE / 2;

const running = new Set<ChildProcess>();

/** End all programs. */
export function endPrograms(): void {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** The port of a medium in a description. */
export const portIn = (sdp: string, media: "audio" | "video"): number =>
  Number(new RegExp(`^m=${media} (\\d+) `, "m").exec(sdp)?.[1]);
/** The key that a description gives, in base64. */
export const keyIn = (sdp: string): string => /^a=crypto:1 \S+ inline:(\S+)/m.exec(sdp)?.[1] ?? "";
const ssrcIn = (sdp: string): string => /^a=ssrc:(\d+)/m.exec(sdp)?.[1] ?? "";

const hexOf = (key: string): string => Buffer.from(key, "base64").toString("hex");
const GST_SRTP = "aes-128-icm,srtp-auth=hmac-sha1-80,srtcp-cipher=aes-128-icm,srtcp-auth=hmac-sha1-80";

const VP8 = ["-c:v", "libvpx", "-deadline", "realtime"];
const X264 = "repeat-headers=1:scenecut=0";
const H264 = [
  "-c:v",
  "libx264",
  "-pix_fmt",
  "yuv420p",
  "-profile:v",
  "baseline",
  "-bf",
  "0",
  "-tune",
  "zerolatency",
  "-x264-params",
  X264,
];

/** Send a tone as a description asks, and a moving picture where it has one. */
export function sendByFfmpeg(sdp: string, tone: number): void {
  const key = keyIn(sdp);
  const to = (media: "audio" | "video"): string[] => [
    ...(key === "" ? [] : ["-srtp_out_suite", "AES_CM_128_HMAC_SHA1_80", "-srtp_out_params", key]),
    ...["-f", "rtp", `${key === "" ? "rtp" : "srtp"}://127.0.0.1:${portIn(sdp, media)}?pkt_size=1200`],
  ];
  const video = Number.isFinite(portIn(sdp, "video"));
  start("ffmpeg", [
    ...["-hide_banner", "-loglevel", "error", "-re", "-f", "lavfi", "-i", `sine=frequency=${tone}:sample_rate=${RATE}`],
    ...(video ? ["-re", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=10"] : []),
    ...["-map", "0:a", "-c:a", "libopus", "-payload_type", "111", ...to("audio")],
    ...(video ? ["-map", "1:v", ...(/ H264\/90000/i.test(sdp) ? H264 : VP8), "-g", "10"] : []),
    ...(video ? ["-payload_type", "96", ...to("video")] : []),
  ]);
}

export function sendByGstreamer(sdp: string, tone: number): void {
  const key = keyIn(sdp);
  const ciphers = "rtp-cipher=aes-128-icm rtp-auth=hmac-sha1-80 rtcp-cipher=aes-128-icm rtcp-auth=hmac-sha1-80";
  const protect = key === "" ? "" : `! srtpenc key=${hexOf(key)} ${ciphers}`;
  const source = `audiotestsrc is-live=true freq=${tone} volume=0.4 ! audio/x-raw,rate=${RATE},channels=2`;
  const pipeline = `${source} ! opusenc ! rtpopuspay pt=111 ${protect} ! udpsink host=127.0.0.1 port=${portIn(sdp, "audio")}`;
  start("gst-launch-1.0", ["-q", ...pipeline.split(" ").filter(Boolean)]);
}

/** Half a second of sound of a program's standard output, as 16-bit mono. */
function hear(child: ChildProcess): Promise<Float32Array> {
  const wanted = 2 * (SKIPPED + JUDGED);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let errors = "";
    child.stderr?.on("data", data => {
      errors += data;
    });
    child.stdout?.on("data", (data: Buffer) => {
      chunks.push(data);
      const all = Buffer.concat(chunks);
      if (all.length < wanted) return;
      child.kill("SIGKILL");
      resolve(Float32Array.from({ length: JUDGED }, (_, i) => all.readInt16LE(2 * (SKIPPED + i)) / 32_768));
    });
    child.once("exit", () => reject(new Error(`${child.spawnfile} ended: ${errors.slice(-500)}`)));
  });
}

/** Listen where a description says that is sent to. */
export function hearByFfmpeg(sdp: string): Promise<Float32Array> {
  const file = join(mkdtempSync(join(tmpdir(), "tandem-rtp-")), "stream.sdp");
  writeFileSync(file, sdp);
  const input = ["-protocol_whitelist", "file,rtp,srtp,udp", "-i", file];
  const output = ["-map", "0:a", "-f", "s16le", "-ac", "1", "-ar", String(RATE), "-"];
  return hear(start("ffmpeg", ["-hide_banner", "-loglevel", "warning", ...input, ...output]));
}

export function hearByGstreamer(sdp: string): Promise<Float32Array> {
  const key = keyIn(sdp);
  const stream = "media=audio,clock-rate=48000,encoding-name=OPUS,payload=111";
  const secret = `ssrc=(uint)${ssrcIn(sdp)},srtp-key=(buffer)${hexOf(key)},srtp-cipher=${GST_SRTP}`;
  const caps = key === "" ? `application/x-rtp,${stream}` : `application/x-srtp,${stream},${secret}`;
  const decode = `${key === "" ? "" : "! srtpdec "}! rtpopusdepay ! opusdec ! audioconvert`;
  const raw = `audio/x-raw,format=S16LE,channels=1,rate=${RATE}`;
  const pipeline = `udpsrc address=127.0.0.1 port=${portIn(sdp, "audio")} caps=${caps} ${decode} ! ${raw} ! fdsink fd=1 sync=false`;
  return hear(start("gst-launch-1.0", ["-q", ...pipeline.split(" ").filter(Boolean)]));
}

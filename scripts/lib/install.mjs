/** Installing what is missing, on a machine that has only Node 20 and npm. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run, step } from "./run.mjs";

/** npm packages as the lock file has them; a stamp inside node_modules tells whether they still are. */
export async function ensurePackages() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const stamp = join(root, "node_modules", ".tandem-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  await step("installing npm packages", () => run("npm", ["ci", "--loglevel=error"]));
  writeFileSync(stamp, lock);
}

/** Debian packages that the tests drive: browsers and programs that we did not write. Command to look for → package. */
const DEBIAN = {
  chromium: "chromium",
  "firefox-esr": "firefox-esr",
  ip: "iproute2",
  openssl: "openssl",
  certutil: "libnss3-tools",
  nft: "nftables",
  turnutils_uclient: "coturn",
  sipp: "sip-tester",
  baresip: "baresip-core",
  kamailio: "kamailio",
  rtpengine: "rtpengine-daemon",
  ffmpeg: "ffmpeg",
  "whip-client": "simple-whip-client",
  tcc: "tcc",
  "gst-launch-1.0": "gstreamer1.0-tools",
};
/** Debian packages without a command of their own, looked for by a file. */
const libraries = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
const DEBIAN_FILES = {
  "/usr/lib/python3/dist-packages/aiortc/__init__.py": "python3-aiortc",
  "/usr/lib/python3/dist-packages/gi/__init__.py": "python3-gi",
  [`${libraries}/gstreamer-1.0/libgstopus.so`]: "gstreamer1.0-plugins-base",
  [`${libraries}/gstreamer-1.0/libgstvpx.so`]: "gstreamer1.0-plugins-good",
  [`${libraries}/gstreamer-1.0/libgstwebrtc.so`]: "gstreamer1.0-plugins-bad",
  [`${libraries}/gstreamer-1.0/libgstnice.so`]: "gstreamer1.0-nice",
  [`${libraries}/girepository-1.0/GstSdp-1.0.typelib`]: "gir1.2-gst-plugins-base-1.0",
  [`${libraries}/girepository-1.0/GstWebRTC-1.0.typelib`]: "gir1.2-gst-plugins-bad-1.0",
};

const onPath = command => spawnSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" }).status === 0;

/** Install the Debian packages that the tests need, or name those that are missing and stop. */
export async function ensureDebian() {
  const missing = [
    ...Object.entries(DEBIAN).filter(([command]) => !onPath(command)),
    ...Object.entries(DEBIAN_FILES).filter(([file]) => !existsSync(file)),
  ].map(([, name]) => name);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !onPath("apt-get")) {
    throw new Error(
      `the tests need these Debian packages: ${missing.join(" ")}\n  install them, or run the tests as root`,
    );
  }
  await step(`installing Debian packages: ${missing.join(" ")}`, async () => {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    // Daemons among them (coturn) must not start: the tests start their own.
    const policy = "/usr/sbin/policy-rc.d";
    const ours = !existsSync(policy);
    if (ours) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    try {
      await run("apt-get", ["update", "-qq"], { env, quiet: true });
      await run("apt-get", ["install", "-y", "--no-install-recommends", ...missing], { env, quiet: true });
    } finally {
      if (ours) unlinkSync(policy);
    }
  });
}

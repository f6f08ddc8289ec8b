/**
 * Settings of the gateways: doors for programs, encoders, streams and telephones.
 * @module
 */

import { endpoint, integer, list, portRange, setting, text } from "../setting.ts";
import { type DigestAlgorithm, digestAlgorithm } from "./sip/auth/digest.ts";

/** A URL with `{port}` in it, of one of the schemes. */
const doorUrl =
  (schemes: RegExp, example: string) =>
  (value: string): string => {
    const filled = value.replaceAll("{port}", "1");
    if (value !== "" && (!schemes.test(URL.canParse(filled) ? new URL(filled).protocol : "") || value.length > 256))
      throw new Error(`is a URL like ${example}`);
    return value;
  };

const webUrl = (value: string): string => {
  if (value !== "" && !/^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : ""))
    throw new Error("is a URL like https://live.example.com/hls");
  return value === "" || value.endsWith("/") ? value : `${value}/`;
};

const digestAlgorithms = (value: string): readonly DigestAlgorithm[] => {
  const found = list(value).map(digestAlgorithm);
  if (found.length === 0 || found.includes(undefined)) throw new Error("is MD5, SHA-256 or both");
  return found as DigestAlgorithm[];
};

export const GATEWAY_SETTINGS = {
  "bot-listen": setting({
    value: "ADDRESS:PORT",
    help: "audio for programs: where the first worker takes their WebSockets; each further worker takes the next port; by TLS where there is --cert",
    default: "",
    read: endpoint,
  }),
  "bot-url": setting({
    value: "URL",
    help: "what programs are told, {port} in place of the port; default: the address that it listens on",
    default: "",
    read: doorUrl(/^wss?:$/, "wss://node.example.com:{port}/"),
  }),
  "rtmp-listen": setting({
    value: "ADDRESS:PORT",
    help: "encoders: where the first worker takes their RTMP; each further worker takes the next port; by TLS (RTMPS) where there is --cert",
    default: "",
    read: endpoint,
  }),
  "rtmp-url": setting({
    value: "URL",
    help: "what encoders are told, {port} in place of the port; one with rtmp: means no TLS; default: the address that it listens on",
    default: "",
    read: doorUrl(/^rtmps?:$/, "rtmps://node.example.com:{port}/live"),
  }),
  "rtp-ports": setting({
    value: "MIN-MAX",
    help: "UDP ports for plain RTP, two for each stream, shared out among the workers; empty: there is none",
    default: "",
    read: portRange,
  }),
  "rtp-destinations": setting({
    value: "RANGES",
    help: "where plain RTP may be sent to: addresses, prefixes and ranges, comma-separated; empty: nowhere",
    default: [] as readonly string[],
    read: list,
  }),
  "hls-folder": setting({
    value: "PATH",
    help: "HLS out: where broadcasts are written, a folder for each, for any web server to serve; empty: the edge takes them, where it has a bucket",
    default: "",
    read: text,
  }),
  "hls-url": setting({
    value: "URL",
    help: "where that folder is served, e.g. https://live.example.com/hls",
    default: "",
    read: webUrl,
  }),
  "sip-listen": setting({
    value: "ADDRESS:PORT",
    help: "telephones: where it speaks SIP, by UDP and TCP; their sound takes --rtp-ports; empty: it speaks none",
    default: "",
    read: endpoint,
  }),
  "sip-tls-port": setting({
    value: "PORT",
    help: "SIP by TLS, at the same address, with --cert and --pkey; 0: not",
    default: 0,
    read: integer(0, 65_535),
  }),
  "sip-host": setting({
    value: "HOST",
    help: "address or name that trunks reach SIP at; default: the first of --announce, or the address that it listens on",
    default: "",
    read: text,
  }),
  "sip-digest": setting({
    value: "ALGORITHMS",
    help: "how callers and telephones may prove their passwords: MD5, SHA-256 or both, comma-separated; many of them know MD5 alone, and register nowhere where SHA-256 stands, too",
    default: ["MD5"] as readonly DigestAlgorithm[],
    read: digestAlgorithms,
  }),
  prompts: setting({
    value: "PATH",
    help: "what telephones are told: a folder of recordings in place of ours, such as pin.wav; 16-bit PCM, mono, at 8, 16 or 48 kHz",
    default: "",
    read: text,
  }),
} as const;

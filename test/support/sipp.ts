import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** One step of a scenario, as sipp writes it. */
export type SippStep = string;

/** What sipp sends; a retransmission interval of 500 ms unless it is an ACK. */
export function send(message: string, attributes = ""): SippStep {
  const retransmits = /^\s*(ACK|SIP)/.test(message) || attributes.includes("retrans") ? "" : ' retrans="500"';
  return `<send${retransmits} ${attributes}><![CDATA[\n${message.trim()}\n\n]]></send>`;
}

/** With a body, its length counted by sipp. */
export function withSdp(direction = "sendrecv", connection = "[media_ip]"): string {
  return `Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 ${connection}
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=${direction}`;
}

export const receive = (status: number, attributes = "", action = ""): SippStep =>
  `<recv response="${status}" ${attributes}>${action}</recv>`;
export const maybe = (status: number): SippStep => receive(status, 'optional="true"');
export const receiveRequest = (method: string, action = ""): SippStep => `<recv request="${method}">${action}</recv>`;
export const pause = (milliseconds: number): SippStep => `<pause milliseconds="${milliseconds}"/>`;
/** Fails the scenario where the message before doesn't match. */
export const expectBody = (expression: string): string =>
  `<action><ereg regexp="${expression}" search_in="body" check_it="true" assign_to="1"/></action>`;
export const expectHeader = (header: string, expression: string): string =>
  `<action><ereg regexp="${expression}" search_in="hdr" header="${header}:" check_it="true" assign_to="1"/></action>`;

/** The header fields of a request that sipp makes, CSeq and body aside. */
export function headers(method: string, to = "<sip:room@[remote_ip]:[remote_port]>[peer_tag_param]"): string {
  return `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
From: sipp <sip:sipp@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: ${to}
Call-ID: [call_id]
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
User-Agent: test ${method}`;
}

/** What sipp repeats of a request in a response to it. */
export const LAST = `[last_Via:]
[last_From:]
[last_To:];tag=[pid]t[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>`;
/** The same within a dialog. */
export const LAST_WITHIN = LAST.replace(";tag=[pid]t[call_number]", "");

/** A request to a user of the other end. */
export const request = (method: string, cseq: number, more = "Content-Length: 0\n", user = "room"): string =>
  `${method} sip:${user}@[remote_ip]:[remote_port] SIP/2.0
${headers(method, method === "INVITE" && cseq < 3 ? `<sip:${user}@[remote_ip]:[remote_port]>` : undefined)}
CSeq: ${cseq} ${method}
${more}`;
export const invite = (user = "room", cseq = 1, more = withSdp()): SippStep =>
  send(request("INVITE", cseq, more, user));
export const ack = (cseq = 1, more?: string): SippStep => send(request("ACK", cseq, more));
/** The ACK to a refusal, which belongs to the INVITE so many steps before. */
export const ackRefusal = (back: number, cseq = 1): SippStep =>
  send(request("ACK", cseq).replace("[branch]", `[branch-${back}]`));
export const bye = (cseq: number): SippStep => send(request("BYE", cseq));
export const WITHOUT_CONTACT = LAST.replace(/\nContact: .*/, "");
/** @param line status line without the version */
export const reply = (line: string, more = "Content-Length: 0\n", from = LAST): SippStep =>
  send(`SIP/2.0 ${line}\n${from}\n${more}`);

export interface SippOptions {
  /** Whom it calls; without, it waits to be called. */
  readonly target?: string;
  readonly address?: string;
  readonly port?: number;
  readonly args?: readonly string[];
  /** Kills it; that it did not end well is then an error too. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a scenario once, or as `args` say.
 * @throws Error with what sipp reports, where a step went otherwise
 */
export async function runSipp(steps: readonly SippStep[], options: SippOptions): Promise<void> {
  const { target, address = "127.0.0.1", port, args = [], signal } = options;
  const folder = await mkdtemp(join(tmpdir(), "tandem-sipp-"));
  try {
    const uses = steps.some(step => step.includes('assign_to="1"')) ? '<Reference variables="1"/>' : "";
    const file = join(folder, "scenario.xml");
    await writeFile(file, `<?xml version="1.0"?><scenario name="test">${steps.join("\n")}${uses}</scenario>`);
    const command = [
      ...(target === undefined ? [] : [target]),
      ...["-sf", file, "-i", address, "-mi", address, "-nostdin", "-timeout", "15s", "-timeout_error"],
      ...["-trace_err", "-error_file", join(folder, "errors.log")],
      ...(port === undefined ? [] : ["-p", String(port)]),
      ...(args.includes("-m") ? args : ["-m", "1", ...args]),
    ];
    const environment = { cwd: folder, env: { ...process.env, TERM: "dumb" }, ...(signal && { signal }) };
    await execute("sipp", command, environment).catch(async error => {
      const names = (await readdir(folder)).filter(name => name.endsWith(".log"));
      const logs = await Promise.all(names.map(name => readFile(join(folder, name), "utf8")));
      throw new Error(`sipp ended with ${error.code}:\n${logs.join("\n")}`);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Telephones at a node: trunks and calls as the edge says, by SIP.
 * @module
 */
import { randomBytes } from "node:crypto";
import {
  type Assignment,
  type CALL_COMMANDS,
  type NodeCommand,
  type NodeTrunk,
  TandemError,
} from "../../../src/protocol/index.ts";
import type { Log } from "../../log.ts";
import type { PoolLegs } from "../../worker/pool-legs.ts";
import type { DigestAlgorithm } from "../sip/auth/digest.ts";
import { userOf } from "../sip/message/uri.ts";
import { openSipEndpoint, type SipEndpointOptions } from "../sip/socket/endpoint.ts";
import type { SipFlow } from "../sip/transport/flow.ts";
import { calledNumber, uriAt } from "./addresses.ts";
import { createPhoneCall } from "./call.ts";
import type { CallFrame, PhoneCall } from "./phone-call.ts";
import { createPhones } from "./phones.ts";
import { createRegistrations } from "./registrations.ts";
import { createReplacing } from "./replacing.ts";
import { replacesFor } from "./transfers.ts";
import { createTrunks, type HeldTrunk } from "./trunks.ts";

export type CallCommand = Extract<NodeCommand, { type: keyof typeof CALL_COMMANDS }>;
type Command<T extends CallCommand["type"]> = Extract<CallCommand, { type: T }>;

export interface TelephonyOptions {
  readonly sip: Omit<SipEndpointOptions, "handler">;
  /** How passwords may be proved, in the order of preference. */
  readonly digest?: readonly DigestAlgorithm[] | undefined;
  readonly legs: PoolLegs;
  readonly report: (frame: CallFrame) => void;
  readonly log: Log;
}

export interface Telephony {
  readonly port: number;
  /** 0: there is no TLS. */
  readonly tlsPort: number;
  /** Carries a command out. @throws (rejects with) TandemError */
  obey(command: CallCommand): Promise<void>;
  /** The calls that there are. */
  calls(): string[];
  /** Hangs all of them up. Idempotent. */
  close(): Promise<void>;
}

const SWEEP = 5_000;
/** The longest name or number that is told. */
const MAX_WRITTEN = 128;
const written = (text: string): string => text.slice(0, MAX_WRITTEN);
/** Callers who hide their number are called so (RFC 3323 §4.1.1.3). */
const HIDDEN = /^(anonymous|unknown|restricted|)$/i;

/** What calls show by a trunk without a number: accounts are called by their name. */
const ownName = ({ registration, credentials }: NodeTrunk): string =>
  (registration === "outbound" && credentials?.username) || "anonymous";

/** Opens the ports. @throws Error with `code` EADDRINUSE when one is taken */
export async function openTelephony({ sip, digest, legs, report, log }: TelephonyOptions): Promise<Telephony> {
  const trunks = createTrunks(sip.advertised ?? sip.address, digest);
  const registrations = createRegistrations(() => endpoint, report);
  const phones = createPhones(trunks, report);
  const calls = new Map<string, PhoneCall>();
  const replacing = createReplacing(calls);
  /** The trunk that the INVITE of now may come by: it is taken in the same breath. */
  let admitted: HeldTrunk | undefined;

  function createCall(
    id: string,
    trunk: HeldTrunk,
    { address, transport }: Pick<SipFlow, "address" | "transport">,
    onProgress?: (status: number) => void,
  ): PhoneCall {
    const call = createPhoneCall({
      ...{ id, trunk: trunk.spec.trunk, legs, signaling: address, report, onProgress },
      ...{ srtp: trunk.spec.srtp, video: trunk.spec.video },
      isBrowser: transport === "ws" || transport === "wss",
      transfers: {
        policy: () => trunk.spec.transfer,
        isOurs: replaces => replacing.find(replaces, trunk) !== undefined,
      },
      now: () => endpoint.now(),
      onOver() {
        calls.delete(id);
        trunk.calls--;
        log.info("call ended", { call: id, trunk: trunk.spec.trunk });
      },
    });
    calls.set(id, call);
    log.info("call began", { call: id, trunk: trunk.spec.trunk });
    return call;
  }

  const endpoint = await openSipEndpoint({
    ...sip,
    handler: {
      register: phones.register,
      flowFailed: phones.flowFailed,
      admit(invite, flow, now) {
        const registered = trunks.get(registrations.trunkAt(userOf(invite.target)) ?? "");
        const found = registered ?? trunks.identify(invite, flow, now);
        if ("kind" in found) return found;
        const refusal = replacing.refuse(invite, found);
        if (refusal) return refusal;
        const limit = trunks.begin(found, now);
        if (limit !== "") return { kind: "refuse", status: 503, reason: `Trunk limit ${limit}` };
        admitted = found;
        return { kind: "accept" };
      },
      called(incoming) {
        const trunk = admitted!;
        admitted = undefined;
        const { invite, flow } = incoming;
        const id = `c_${randomBytes(9).toString("base64url")}`;
        const call = createCall(id, trunk, flow);
        const from = userOf(invite.from.uri);
        const name = written(invite.from.displayName);
        const replaced = replacing.replacedBy(invite, trunk);
        report({
          ...{ type: "call.incoming", call: id, trunk: trunk.spec.trunk },
          from: HIDDEN.test(from) ? "" : written(from),
          to: written(calledNumber(invite, registrations.trunkAt(userOf(invite.target)) !== undefined)),
          ...(name !== "" && { name }),
          ...(replaced && { replaces: replaced.id }),
        });
        queueMicrotask(() => call.take(incoming));
        return call.events;
      },
    },
  });

  const sweeper = setInterval(() => phones.sweep(endpoint.now()), SWEEP);
  sweeper.unref();

  /** Who registers here is at our own address. */
  const withHost = (spec: NodeTrunk): NodeTrunk =>
    spec.host === undefined ? { ...spec, host: sip.advertised ?? sip.address, port: endpoint.port } : spec;

  function put(spec: NodeTrunk): void {
    const { trunk, lease } = spec;
    if (!trunks.put(spec)) throw new TandemError("wrong-state", "a newer lease is known");
    const isToldLater = [registrations.put(spec), phones.put(spec, endpoint.now())].includes(true);
    if (!isToldLater) report({ type: "trunk.state", trunk, lease, state: "idle" });
  }

  async function start(command: Command<"call.start">): Promise<void> {
    const { call: id, trunk: name, to, from, pid, referrer, replaces } = command;
    // The command may come twice.
    if (calls.has(id)) return;
    const trunk = trunks.get(name);
    if (trunk === undefined) throw new TandemError("trunk-unavailable", name);
    const { spec } = trunk;
    const place = phones.find(name, endpoint.now());
    if (spec.registration === "inbound" && !place)
      throw new TandemError("trunk-unavailable", `${name}: not registered`);
    const limit = trunks.begin(trunk, endpoint.now());
    if (limit !== "") throw new TandemError("trunk-busy", limit);
    const call = createCall(
      id,
      trunk,
      place?.flow ?? { address: spec.host ?? "", transport: spec.transport },
      status => {
        if (referrer !== undefined) calls.get(referrer)?.transfers.progress(status);
      },
    );
    await call.start(whereOf(command), pid, media =>
      endpoint.stack.call(
        {
          target: place?.contact ?? uriAt(spec, to, true),
          from: { uri: uriAt(withHost(spec), from ?? spec.callerId ?? ownName(spec), false) },
          route: place?.path ?? registrations.routeOf(name),
          flow: place?.path.length === 0 ? place.flow : undefined,
          media,
          events: call.events,
          ...(spec.credentials && { credentials: spec.credentials }),
          ...(replaces !== undefined && { headers: { replaces, require: "replaces" } }),
        },
        endpoint.now(),
      ),
    );
  }

  function need(id: string): PhoneCall {
    const call = calls.get(id);
    if (call === undefined) throw new TandemError("no-such-call");
    return call;
  }

  function transfer({ call: id, to, other }: Command<"call.transfer">): void {
    const call = need(id);
    const dialog = other === undefined ? undefined : need(other).dialog;
    const spec = trunks.get(call.trunk)?.spec;
    if (dialog) call.transfer(dialog.remoteTarget, replacesFor(dialog));
    else if (to !== undefined && spec) call.transfer(uriAt(withHost(spec), to, true), undefined);
    else throw new TandemError("call-state", other === undefined ? "no trunk" : "the other isn't answered");
  }

  return {
    port: endpoint.port,
    tlsPort: endpoint.tlsPort,
    calls: () => [...calls.keys()],
    async obey(command) {
      switch (command.type) {
        case "trunk.put":
          return put(command.trunk);
        case "trunk.remove":
          registrations.remove(command.trunk);
          phones.remove(command.trunk);
          return trunks.remove(command.trunk);
        case "call.start":
          return start(command);
        case "call.join":
          return need(command.call).join(whereOf(command), command.pid);
        case "call.prompt":
          return need(command.call).prompt(command.prompt, command.digits);
        case "call.reject":
          return need(command.call).reject(command.status, command.reason);
        case "call.hangup":
          return calls.get(command.call)?.hangUp(command.cause ?? { reason: "hangup" });
        case "call.hold":
          return need(command.call).hold(command.held);
        case "call.dtmf":
          return need(command.call).dial(command.digits);
        case "call.transfer":
          return transfer(command);
        case "call.transfer-refused":
          return calls.get(command.call)?.transfers.progress(command.status);
      }
    },
    close() {
      clearInterval(sweeper);
      return endpoint.close();
    },
  };
}

const whereOf = ({ room, life, epoch }: Assignment): Assignment => ({ room, life, epoch });

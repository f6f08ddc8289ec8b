/**
 * Trunks by which this node is registered at a provider: what comes to such a registration's Contact comes by its trunk.
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import type { NodeTrunk } from "../../../src/protocol/index.ts";
import type { Registration } from "../sip/registration/registration.ts";
import type { SipEndpoint } from "../sip/socket/endpoint.ts";
import { uriAt } from "./addresses.ts";
import type { CallFrame } from "./phone-call.ts";

export interface Registrations {
  /** Brings the registration in line with the trunk. @returns whether it has one, of which news come by themselves */
  put(spec: NodeTrunk): boolean;
  remove(trunk: string): void;
  /** The trunk whose registration has this Contact. */
  trunkAt(user: string): string | undefined;
  /** Proxies that its calls have to go by. */
  routeOf(trunk: string): readonly string[];
}

interface Entry {
  spec: NodeTrunk;
  /** User part of its Contact, which nobody can guess. */
  readonly user: string;
  readonly registration: Pick<Registration, "serviceRoute" | "stop">;
  state: string;
  reason: string;
}

/** What another registration is needed for. */
const essence = ({ host, port, transport, credentials }: NodeTrunk): string =>
  JSON.stringify([host, port, transport, credentials]);

/** The same for an account on every node (RFC 5626 §4.1, RFC 9562 §5.8): who takes a trunk over takes its place. */
function instanceOf({ trunk, host, credentials }: NodeTrunk): string {
  const hash = createHash("sha256").update(`${trunk}\n${host}\n${credentials?.username}`).digest("hex");
  const variant = ((Number.parseInt(hash[16]!, 16) & 0x3) | 0x8).toString(16);
  return `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

export function createRegistrations(
  endpoint: () => Pick<SipEndpoint, "stack" | "now">,
  report: (frame: CallFrame) => void,
): Registrations {
  const entries = new Map<string, Entry>();

  function tell({ spec: { trunk, lease }, state, reason }: Entry): void {
    if (state !== "") report({ type: "trunk.state", trunk, lease, state, ...(reason !== "" && { reason }) });
  }

  function remove(trunk: string): void {
    entries.get(trunk)?.registration.stop(endpoint().now());
    entries.delete(trunk);
  }

  function open(spec: NodeTrunk, credentials: NonNullable<NodeTrunk["credentials"]>): void {
    const { stack, now } = endpoint();
    const user = randomBytes(12).toString("hex");
    let entry: Entry | undefined;
    const said = { state: "", reason: "" };
    const registration = stack.register(
      {
        registrar: uriAt(spec, "", true),
        address: uriAt(spec, credentials.username, false),
        credentials,
        contactUser: user,
        instance: instanceOf(spec),
        events: {
          changed(state, reason) {
            Object.assign(entry ?? said, { state, reason });
            if (entry !== undefined && entries.get(spec.trunk) === entry) tell(entry);
          },
        },
      },
      now(),
    );
    entry = { spec, user, registration, ...said };
    entries.set(spec.trunk, entry);
    tell(entry);
  }

  return {
    put(spec) {
      const before = entries.get(spec.trunk);
      const { credentials } = spec;
      if (spec.registration !== "outbound" || credentials === undefined) {
        remove(spec.trunk);
        return false;
      }
      if (before !== undefined && essence(before.spec) === essence(spec)) {
        before.spec = spec;
        tell(before);
      } else {
        remove(spec.trunk);
        open(spec, credentials);
      }
      return true;
    },
    remove,
    trunkAt: user => [...entries].find(([, entry]) => entry.user === user)?.[0],
    routeOf: trunk => entries.get(trunk)?.registration.serviceRoute ?? [],
  };
}

/**
 * Calls that are to take another's place (RFC 3891).
 * @module
 */
import type { SipRequest } from "../sip/message/message.ts";
import { parseReplaces, type Replaces } from "../sip/message/refer.ts";
import type { PhoneCall } from "./phone-call.ts";
import type { HeldTrunk } from "./trunks.ts";

export interface Replacing {
  /** The call of that trunk which its telephone names so to others. */
  find(replaces: Replaces, trunk: HeldTrunk): PhoneCall | undefined;
  /** The call that an INVITE takes the place of. */
  replacedBy(invite: SipRequest, trunk: HeldTrunk): PhoneCall | undefined;
  /** What is said against an INVITE that wants that (RFC 3891 §3); undefined: nothing. */
  refuse(invite: SipRequest, trunk: HeldTrunk): { readonly kind: "refuse"; readonly status: number } | undefined;
}

export function createReplacing(calls: ReadonlyMap<string, PhoneCall>): Replacing {
  const find = ({ callId, toTag, fromTag }: Replaces, { spec }: HeldTrunk): PhoneCall | undefined =>
    [...calls.values()].find(({ dialog, trunk }) => {
      if (trunk !== spec.trunk || dialog === undefined) return false;
      return dialog.callId === callId && dialog.localTag === toTag && dialog.remoteTag === fromTag;
    });
  const named = (invite: SipRequest): Replaces | undefined => {
    const [value, ...others] = invite.headers.get("replaces") ?? [];
    return value === undefined || others.length > 0 ? undefined : parseReplaces(value);
  };
  return {
    find,
    replacedBy(invite, trunk) {
      const replaces = named(invite);
      return replaces && find(replaces, trunk);
    },
    refuse(invite, trunk) {
      if (!invite.headers.has("replaces")) return undefined;
      const refusal = (status: number) => ({ kind: "refuse", status }) as const;
      const replaces = named(invite);
      if (!replaces) return refusal(400);
      // Before it is looked for: nobody finds out what calls there are.
      if (trunk.spec.transfer !== "on") return refusal(403);
      if (!find(replaces, trunk)) return refusal(481);
      return replaces.isEarlyOnly ? refusal(486) : undefined;
    },
  };
}

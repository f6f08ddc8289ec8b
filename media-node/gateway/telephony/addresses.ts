/** SIP addresses of those behind trunks, and the numbers in them. @module */
import { isIPv6 } from "node:net";
import type { NodeTrunk } from "../../../src/protocol/index.ts";
import { header } from "../sip/message/headers.ts";
import type { SipRequest } from "../sip/message/message.ts";
import { parseNameAddress } from "../sip/message/name-address.ts";
import { userOf } from "../sip/message/uri.ts";

/**
 * The address of somebody behind a trunk, or of its server where `user` is empty; a number's # would end it (RFC 3261 §25).
 * @param isTarget whether it says how to get there
 */
export function uriAt({ host = "", port, transport }: NodeTrunk, user: string, isTarget: boolean): string {
  const where = isIPv6(host) ? `[${host}]` : host;
  const way = isTarget
    ? `${port === undefined ? "" : `:${port}`}${transport === "udp" ? "" : `;transport=${transport}`}`
    : "";
  return `sip:${user === "" ? "" : `${user.replaceAll("#", "%23")}@`}${where}${way}`;
}

/**
 * The number that was called. Registrars put our Contact in its place; then P-Called-Party-ID (RFC 7315 §4.2) or To has it.
 * @param isContact whether the request is to our Contact
 */
export function calledNumber(invite: SipRequest, isContact: boolean): string {
  if (!isContact) return userOf(invite.target) || userOf(invite.to.uri);
  const party = parseNameAddress(header(invite.headers, "p-called-party-id") ?? "");
  return (party && userOf(party.uri)) || userOf(invite.to.uri);
}

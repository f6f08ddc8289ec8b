import { Resolver } from "node:dns/promises";
import { type DnsAnswers, type DnsQuestion, locateServers, type NaptrRecord, type SrvRecord } from "../dns/locate.ts";
import type { SipUri } from "../message/uri.ts";
import type { SipFlow } from "../transport/flow.ts";

/** Finds servers by the system's DNS. */
export interface SipResolver {
  /** Best first; none where there are none or nothing can be found out. Never rejects. */
  locate(uri: SipUri): Promise<readonly SipFlow[]>;
  close(): void;
}

/** NAPTR, SRV, addresses, and one to spare: a chain that is longer leads in a circle. */
const MAX_ROUNDS = 4;

export function openResolver(): SipResolver {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });

  async function ask(question: DnsQuestion, found: Found): Promise<void> {
    const { type, name } = question;
    if (type === "naptr") found.naptr.set(name, await resolver.resolveNaptr(name).catch(() => []));
    else if (type === "srv") found.srv.set(name, await resolver.resolveSrv(name).catch(() => []));
    else {
      const lists = await Promise.all([
        resolver.resolve4(name).catch(() => []),
        resolver.resolve6(name).catch(() => []),
      ]);
      found.addresses.set(name, lists.flat());
    }
  }

  return {
    async locate(uri) {
      const found: Found = { naptr: new Map(), srv: new Map(), addresses: new Map() };
      const answers: DnsAnswers = {
        naptr: name => found.naptr.get(name),
        srv: name => found.srv.get(name),
        addresses: name => found.addresses.get(name),
      };
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const location = locateServers(uri, answers, Math.random);
        if (location.kind === "found") return location.flows;
        await Promise.all(location.questions.map(question => ask(question, found)));
      }
      return [];
    },
    close: () => resolver.cancel(),
  };
}

interface Found {
  readonly naptr: Map<string, readonly NaptrRecord[]>;
  readonly srv: Map<string, readonly SrvRecord[]>;
  readonly addresses: Map<string, readonly string[]>;
}

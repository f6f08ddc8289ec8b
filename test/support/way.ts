import type { Driven } from "./call-page.ts";

/**
 * Which way a page's media takes to the node (`sfu`) or to its only peer (`mesh`), by the selected candidate pair:
 * `local > remote protocol`, where a relay of its own is `relay:` and the protocol by which it is reached, e.g.
 * `relay:tls > host udp`. Empty while there is none.
 */
export const wayOf = (page: Driven, topology: "mesh" | "sfu"): Promise<string> =>
  page.evaluate(async topology => {
    const { connection } =
      window.tandem.room.connections.find(({ pid }) => (pid === undefined) === (topology === "sfu")) ?? {};
    const stats = await connection?.getStats();
    const reports = new Map<string, Record<string, unknown>>(stats?.entries() ?? []);
    const all = [...reports.values()];
    const selected = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
    // Firefox marks the pair itself.
    const pair = reports.get(String(selected)) ?? all.find(report => report.selected === true);
    const local = reports.get(String(pair?.localCandidateId));
    const remote = reports.get(String(pair?.remoteCandidateId));
    if (!local || !remote) return "";
    const relay = local.candidateType === "relay" ? `:${local.relayProtocol}` : "";
    return `${local.candidateType}${relay} > ${remote.candidateType} ${remote.protocol}`;
  }, topology);

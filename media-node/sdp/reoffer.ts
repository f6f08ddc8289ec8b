import { attempt, fail, type SdpResult } from "./failure.ts";
import { isRejected, type Negotiation } from "./negotiate.ts";

/** What a further offer of the same session changes. */
export interface Reoffer {
  /** New credentials: an ICE restart (RFC 8839 §4.4.1.1.1). */
  readonly iceRestart: boolean;
  /** Indices of the m-lines that are new, or that took the place of a stopped one. */
  readonly added: readonly number[];
}

/**
 * Compares a session's next offer with its last one. Fails on what no endpoint may do (RFC 8829 §5.2.2, §5.8): take
 * m-lines away, exchange them, or present another certificate, since the DTLS connection stays.
 */
export function compareOffers(previous: Negotiation, next: Negotiation): SdpResult<Reoffer> {
  return attempt(() => {
    const before = previous.offer.media;
    const after = next.offer.media;
    if (after.length < before.length)
      fail(0, `${after.length} m= lines, there were ${before.length}: they can't go away`);
    const added: number[] = [];
    after.forEach((media, i) => {
      const old = before[i];
      if (old === undefined) added.push(i);
      else if (old.mid !== media.mid || old.section.kind !== media.section.kind) {
        if (!isRejected(previous.media[i]!))
          fail(media.section.line, `this m= line was ${old.section.kind} with mid ${old.mid}`);
        added.push(i);
      }
    });
    const known = previous.transport.fingerprints;
    const same = next.transport.fingerprints.every(({ algorithm, value }) =>
      known.some(other => other.algorithm === algorithm && other.value === value),
    );
    if (!same) fail(0, "another certificate than before: that needs a new session");
    const { ufrag, password } = next.transport;
    return { iceRestart: ufrag !== previous.transport.ufrag || password !== previous.transport.password, added };
  });
}

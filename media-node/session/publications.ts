import type { NodeParticipant } from "../../src/protocol/index.ts";
import { sourceNumber } from "../../src/protocol/index.ts";
import { codecOf } from "../codec/codecs.ts";
import type { LayerFeedback } from "../forward/feedback.ts";
import type { Inbound } from "../forward/inbound.ts";
import type { RoundTrip } from "../forward/round-trip.ts";
import type { SourceClock } from "../forward/source-clock.ts";
import type { Router } from "../room/router.ts";
import { createSource, type Source } from "../room/source.ts";
import type { NegotiatedMedia } from "../sdp/negotiate.ts";
import type { MediaLine } from "./description.ts";
import { inboundFormats } from "./formats.ts";
import { kindOf, publishedAt, publishKinds } from "./grants.ts";

export interface PublicationsOptions {
  readonly router: Router;
  readonly inbound: Inbound;
  readonly clock: SourceClock;
  readonly roundTrip: RoundTrip;
  readonly feedback: LayerFeedback;
}

/**
 * Keeps a session's sources in step with what its m-lines may send and what its participant publishes: a source exists
 * while both hold, so packets of anything unpublished find no layer.
 */
export interface Publications {
  apply(lines: readonly MediaLine[], participant: NodeParticipant, now: number): void;
  update(participant: NodeParticipant, now: number): void;
  close(now: number): void;
}

interface Publication {
  readonly line: NegotiatedMedia;
  readonly index: number;
  source: Source | undefined;
}

export function createPublications(options: PublicationsOptions): Publications {
  const { router, inbound, clock, roundTrip, feedback } = options;
  /** By mid. */
  const publications = new Map<string, Publication>();
  const heard = new Set<string>();

  function publish(publication: Publication, participant: NodeParticipant, now: number): void {
    const { line, index } = publication;
    const published = publishedAt(participant, index);
    const codec = codecOf(line.codecs[0]?.name ?? "");
    if (published === undefined || codec === undefined) return;
    const source = createSource({
      number: sourceNumber(participant.number, index),
      kind: kindOf(published),
      ...(published.name === undefined ? {} : { name: published.name }),
      codec,
      ...(line.rids.length > 0 ? { rids: line.rids.map(({ id }) => id) } : {}),
      clock,
      roundTrip,
      feedback,
    });
    source.muted = published.muted;
    source.granted = publishKinds(participant).has(source.kind);
    source.applyGate(now);
    publication.source = source;
    inbound.setLayers(line.mid, source.layers);
    router.addSource(source, now);
  }

  /** Makes an m-line known to the demultiplexing, published or not. */
  function listen(line: NegotiatedMedia): void {
    if (heard.has(line.mid)) return;
    heard.add(line.mid);
    const { mid, rids, ssrcs } = line;
    inbound.addMedia({ mid, formats: inboundFormats(line), layers: [] });
    if (rids.length > 0 && ssrcs.length !== rids.length) return;
    // Firefox declares the streams of its layers in the order of their RIDs.
    for (const [order, { ssrc, rtxSsrc }] of ssrcs.entries()) {
      const rid = rids[order]?.id ?? "";
      inbound.bind(ssrc, mid, rid);
      if (rtxSsrc !== 0) inbound.bind(rtxSsrc, mid, rid);
    }
  }

  function withdraw(publication: Publication, now: number): void {
    const { source, line } = publication;
    if (source === undefined) return;
    publication.source = undefined;
    inbound.setLayers(line.mid, []);
    router.removeSource(source, now);
  }

  function update(participant: NodeParticipant, now: number): void {
    for (const publication of publications.values()) {
      const published = publishedAt(participant, publication.index);
      const { source } = publication;
      if (source !== undefined && (published === undefined || kindOf(published) !== source.kind)) {
        withdraw(publication, now);
      }
      if (publication.source === undefined) publish(publication, participant, now);
      else if (published !== undefined && published.muted !== publication.source.muted) {
        router.setMuted(publication.source, published.muted, now);
      }
    }
    router.setPublishKinds(participant.number, publishKinds(participant), now);
  }

  return {
    apply(lines, participant, now) {
      for (const { negotiated, role, receives } of lines) {
        const known = publications.get(negotiated.mid);
        if (known !== undefined && (!receives || role?.source !== known.index)) {
          withdraw(known, now);
          publications.delete(negotiated.mid);
        }
        if (receives && role?.source !== undefined && !publications.has(negotiated.mid)) {
          publications.set(negotiated.mid, { line: negotiated, index: role.source, source: undefined });
          listen(negotiated);
        }
      }
      update(participant, now);
    },
    update,
    close(now) {
      for (const publication of publications.values()) withdraw(publication, now);
      publications.clear();
    },
  };
}

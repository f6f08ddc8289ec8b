import type { Participant, Self, Source } from "../protocol/model.ts";
import { MIX_SOURCE } from "../protocol/names.ts";
import type { RoomModel } from "./core/index.ts";
import type { IncomingMedia, MediaConnection } from "./media-path.ts";
import type { Mix, ParticipantView, RoomSnapshot, SourceView } from "./types.ts";

/** The media that a snapshot shows beside what the room knows. */
export interface Overlay {
  media(number: number): IncomingMedia | undefined;
  readonly speakers: readonly number[];
  withheld(number: number): string | undefined;
  connectionTo(pid: string): MediaConnection;
}

interface Seen<View> {
  readonly participant: Participant;
  readonly view: View;
}

const same = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, index) => item === other[index]);

/**
 * Makes snapshots of the room's model and its media. What is as it was in the snapshot before is the same object again;
 * if nothing has changed, so is the snapshot.
 */
export function createViews(): (model: RoomModel, overlay: Overlay) => RoomSnapshot {
  let seen = new Map<string, Seen<ParticipantView>>();
  let sources = new Map<Source, SourceView>();
  let previous: { model: RoomModel; snapshot: RoomSnapshot } | undefined;

  const viewSource = (source: Source, overlay: Overlay): SourceView => {
    const before = sources.get(source);
    const media = overlay.media(source.number);
    const withheld = media ? undefined : overlay.withheld(source.number);
    const same = before?.track === media?.track && before?.stream === media?.stream && before?.withheld === withheld;
    return before && same ? before : { ...source, ...media, ...(withheld !== undefined && { withheld }) };
  };

  const viewParticipant = <P extends Participant>(participant: P, overlay: Overlay) => {
    const before = seen.get(participant.pid);
    const connection = overlay.connectionTo(participant.pid);
    const views = participant.sources.map(source => viewSource(source, overlay));
    const unchanged = before?.participant === participant && before.view.connection === connection;
    type View = Omit<P, "sources"> & ParticipantView;
    if (unchanged && same(before.view.sources, views)) return before.view as View;
    return { ...participant, sources: views, connection } as View;
  };

  const viewMix = ({ media, speakers }: Overlay, before: Mix | undefined): Mix | undefined => {
    const mix = media(MIX_SOURCE);
    return before && before.track === mix?.track && before.speakers === speakers ? before : mix && { ...mix, speakers };
  };

  return (model, overlay) => {
    const you = viewParticipant<Self>(model.you, overlay);
    let participants: readonly ParticipantView[] = model.participants.map(other => viewParticipant(other, overlay));
    const before = previous?.snapshot;
    if (before && same(before.participants, participants)) participants = before.participants;
    const mix = viewMix(overlay, before?.mix);
    const unchanged = before?.you === you && before.participants === participants && before.mix === mix;
    if (before && previous?.model === model && unchanged) return before;

    const everybody = [model.you, ...model.participants];
    const views = [you, ...participants];
    seen = new Map(
      everybody.map((participant, index) => [participant.pid, { participant, view: views[index] as ParticipantView }]),
    );
    sources = new Map(
      everybody.flatMap((participant, index) =>
        participant.sources.map((source, at): [Source, SourceView] => [
          source,
          views[index]?.sources[at] as SourceView,
        ]),
      ),
    );
    const { status, error, chat, metadata, topology } = model;
    const snapshot: RoomSnapshot = {
      status,
      you,
      participants,
      chat,
      topology,
      ...(mix && { mix }),
      ...(error && { error }),
      ...(metadata !== undefined && { metadata }),
    };
    previous = { model, snapshot };
    return snapshot;
  };
}

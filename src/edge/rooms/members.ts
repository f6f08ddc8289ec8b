/**
 * Who is in the room: the participants table and its copy in memory, which every reader uses.
 * @module
 */
import { type Grants, maySpeakDirectly } from "../../protocol/grants.ts";
import type { Participant, Self, Source } from "../../protocol/model.ts";
import { participantOf } from "../../protocol/names.ts";
import type { Database } from "../storage/database.ts";

export interface Member {
  readonly pid: string;
  readonly number: number;
  readonly identity: string;
  readonly kind: string;
  readonly grants: Grants;
  /** Whether its grants allow a mesh. */
  readonly direct: boolean;
  readonly joinedAt: number;
  name: string;
  state: "here" | "away";
  metadata: string | undefined;
  attributes: Record<string, string>;
  readonly sources: Map<number, Source>;
  /** Of a WHIP or WHEP session: which ICE session runs. */
  ice: IceSession | undefined;
  /** The view as JSON, until it changes: a snapshot for each of many who join would serialize it again and again. */
  json: string | undefined;
}

/** One generation of ICE credentials. */
export interface IceSession {
  /** Names it to the client. */
  readonly etag: string;
  /** The client's ufrag. */
  readonly remote: string;
}

export interface Members {
  readonly count: number;
  all(): Iterable<Member>;
  get(pid: string): Member | undefined;
  byIdentity(identity: string): Member | undefined;
  byNumber(number: number): Member | undefined;
  /** The holder of a source. */
  holderOf(source: number): Member | undefined;
  add(member: Member): void;
  /** Write the fields that may change. */
  save(member: Member): void;
  setIce(member: Member, ice: IceSession): void;
  remove(member: Member): void;
  putSource(member: Member, source: Source): void;
  removeSource(member: Member, number: number): void;
  drop(): void;
}

/** As clients see it. */
export function viewOf(member: Member): Participant {
  const view: Participant = {
    pid: member.pid,
    number: member.number,
    identity: member.identity,
    name: member.name,
    kind: member.kind,
    state: member.state,
    moderator: member.grants.moderate === true,
    direct: member.direct,
    joinedAt: member.joinedAt,
    sources: [...member.sources.values()].sort((a, b) => a.number - b.number),
  };
  if (member.metadata !== undefined) view.metadata = member.metadata;
  if (Object.keys(member.attributes).length > 0) view.attributes = member.attributes;
  return view;
}

/** {@link viewOf} as JSON. */
export function jsonOf(member: Member): string {
  member.json ??= JSON.stringify(viewOf(member));
  return member.json;
}

/** As it sees itself. */
export const selfOf = (member: Member): Self => ({ ...viewOf(member), grants: member.grants });

/** Whether `viewer` may know of `subject`. */
export const maySee = (viewer: Member, subject: Member): boolean =>
  !subject.grants.hidden || viewer.grants.moderate === true || viewer.pid === subject.pid;

type MemberRow = {
  pid: string;
  number: number;
  identity: string;
  kind: string;
  grants: string;
  joined_at: number;
  name: string;
  state: "here" | "away";
  metadata: string | null;
  attributes: string;
  ice_etag: string | null;
  ice_remote: string | null;
};
type SourceRow = { number: number; pid: string; kind: string; name: string | null; muted: number };

const fromRow = (row: MemberRow): Member => {
  const grants: Grants = JSON.parse(row.grants);
  return {
    pid: row.pid,
    number: row.number,
    identity: row.identity,
    kind: row.kind,
    grants,
    direct: maySpeakDirectly(grants),
    joinedAt: row.joined_at,
    name: row.name,
    state: row.state,
    metadata: row.metadata ?? undefined,
    attributes: JSON.parse(row.attributes),
    sources: new Map(),
    ice: row.ice_etag === null ? undefined : { etag: row.ice_etag, remote: row.ice_remote ?? "" },
    json: undefined,
  };
};

const sourceFromRow = (row: SourceRow): Source => {
  const source: Source = { number: row.number, kind: row.kind, muted: row.muted === 1 };
  if (row.name !== null) source.name = row.name;
  return source;
};

function load(db: Database): Map<string, Member> {
  const members = new Map<string, Member>();
  for (const row of db.rows<MemberRow>("SELECT * FROM participants ORDER BY number"))
    members.set(row.pid, fromRow(row));
  for (const row of db.rows<SourceRow>("SELECT * FROM sources")) {
    members.get(row.pid)?.sources.set(row.number, sourceFromRow(row));
  }
  return members;
}

export function createMembers(db: Database): Members {
  // In order of number: numbers only count up, and a Map keeps the order of insertion.
  let byPid: Map<string, Member> | undefined;
  let byIdentity: Map<string, Member> | undefined;
  let byNumber: Map<number, Member> | undefined;

  const all = (): Map<string, Member> => {
    if (!byPid) {
      byPid = load(db);
      byIdentity = new Map([...byPid.values()].map(member => [member.identity, member]));
      byNumber = new Map([...byPid.values()].map(member => [member.number, member]));
    }
    return byPid;
  };

  const members: Members = {
    get count() {
      return all().size;
    },
    all: () => all().values(),
    get: pid => all().get(pid),
    byIdentity(identity) {
      all();
      return byIdentity?.get(identity);
    },
    byNumber(number) {
      all();
      return byNumber?.get(number);
    },
    holderOf(source) {
      const holder = members.byNumber(participantOf(source));
      return holder?.sources.has(source) ? holder : undefined;
    },
    add(member) {
      all().set(member.pid, member);
      byIdentity?.set(member.identity, member);
      byNumber?.set(member.number, member);
      db.write(
        `INSERT INTO participants
           (pid, number, identity, kind, grants, joined_at, name, state, metadata, attributes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        member.pid,
        member.number,
        member.identity,
        member.kind,
        JSON.stringify(member.grants),
        member.joinedAt,
        member.name,
        member.state,
        member.metadata ?? null,
        JSON.stringify(member.attributes),
      );
    },
    save(member) {
      member.json = undefined;
      db.write(
        "UPDATE participants SET name = ?, state = ?, metadata = ?, attributes = ? WHERE pid = ?",
        member.name,
        member.state,
        member.metadata ?? null,
        JSON.stringify(member.attributes),
        member.pid,
      );
    },
    setIce(member, ice) {
      member.ice = ice;
      db.write("UPDATE participants SET ice_etag = ?, ice_remote = ? WHERE pid = ?", ice.etag, ice.remote, member.pid);
    },
    remove(member) {
      all().delete(member.pid);
      byIdentity?.delete(member.identity);
      byNumber?.delete(member.number);
      db.write("DELETE FROM participants WHERE pid = ?", member.pid);
      db.write("DELETE FROM sources WHERE pid = ?", member.pid);
    },
    putSource(member, source) {
      member.json = undefined;
      member.sources.set(source.number, source);
      db.write(
        "INSERT OR REPLACE INTO sources (number, pid, kind, name, muted) VALUES (?, ?, ?, ?, ?)",
        source.number,
        member.pid,
        source.kind,
        source.name ?? null,
        source.muted ? 1 : 0,
      );
    },
    removeSource(member, number) {
      member.json = undefined;
      member.sources.delete(number);
      db.write("DELETE FROM sources WHERE number = ?", number);
    },
    drop() {
      byPid = undefined;
      byIdentity = undefined;
      byNumber = undefined;
    },
  };
  return members;
}

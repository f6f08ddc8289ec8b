/**
 * Every bound and period of the contract, in one place. Bytes are UTF-8 bytes, times milliseconds unless the name says
 * otherwise.
 * @module
 */
export const LIMITS = {
  /** A description (SDP) frame from a client. */
  descriptionFrameBytes: 256 * 1024,
  /** Any other frame from a client. */
  frameBytes: 64 * 1024,
  /** A frame from the edge; larger snapshots and replays are paged. */
  edgeFrameBytes: 256 * 1024,
  /** Metadata and attributes of one participant, together. */
  profileBytes: 4 * 1024,
  attributes: 64,
  roomMetadataBytes: 16 * 1024,
  /** A file of a broadcast. */
  hlsFileBytes: 80 * 1024 * 1024,
  chatBytes: 4 * 1024,
  /** Newest chat messages in a snapshot; older ones by `chat.history`. */
  snapshotChat: 50,
  chatHistoryPage: 100,
  /** Chat messages a room keeps; the oldest go first. */
  chatKept: 2_000,
  /** Events kept for replay; a client further behind gets a snapshot. */
  replayEvents: 1_000,
  /** Sources one participant may hold: the low four bits of a source number. */
  sources: 16,
  /** Stateful commands a client may have unanswered, and outcomes the room keeps for a client that resends. */
  unanswered: 64,
  candidatesPerFrame: 64,
  recipients: 64,
  nameChars: 80,
  participants: 1_000,
  /** Members of a mesh; beyond it a room needs a media node. */
  meshParticipants: 6,
} as const;

export const TIMES = {
  /** A client that lost its socket is still a participant for this long. */
  grace: 15_000,
  /** Period of the client's ping, which wakes nobody. */
  ping: 10_000,
  /** A connection that has not said hello by then is closed. */
  hello: 10_000,
  /** Period of the room's look for sockets that died without a close. */
  sweep: 300_000,
  /** Chat and membership go this long after the last leave. */
  forget: 300_000,
  /** A room record lives this long after the last leave. */
  record: 24 * 3_600_000,
  /** The same for rooms made by invitation. */
  inviteRecord: 30 * 24 * 3_600_000,
  /** Tokens issued to an identity before its removal are void for this long. */
  removalBan: 24 * 3_600_000,
  /** Longest life of a token. */
  tokenMax: 24 * 3_600_000,
  /** Life of a join token bought with an invitation. */
  inviteToken: 5 * 60_000,
  /** A program must come through the door that was opened for it within this. */
  botDoor: 30_000,
  /** An encoder must bring the stream key that was made for it within this: somebody has to type it first. */
  rtmpDoor: 600_000,
  /** One whose connection is lost may come back within this. */
  rtmpReturn: 60_000,
  /** Life of TURN credentials: a relay begun within it may last longer, */
  turnCredentials: 10 * 60_000,
  /** but none longer than this. */
  relayMax: 24 * 3_600_000,
} as const;

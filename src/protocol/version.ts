/**
 * The names of the wire contracts. Within a version only additions happen: receivers ignore unknown fields, event types
 * and enum values; only an unknown *command* is answered with an error.
 * @module
 */

/** WebSocket subprotocol between a client and its room. */
export const SIGNALING_PROTOCOL = "tandem.v1";
/** WebSocket subprotocol between a media node and the edge. */
export const LINK_PROTOCOL = "tandem-link.v1";
/** Label of the negotiated data channel (id 0, reliable, ordered) between a session and its media node. */
export const MEDIA_PROTOCOL = "tandem-media.v1";

/** WebSocket subprotocol between a program and the media node that gives it sound. */
export const BOT_PROTOCOL = "tandem-bot.v1";

/** Prefix of the subprotocol entry that carries a join token: `bearer.<jwt>`. Tokens never stand in a URL. */
export const BEARER_PREFIX = "bearer.";
/** Prefix of the subprotocol entry that carries a resume token: `resume.<token>`. */
export const RESUME_PREFIX = "resume.";

/** The liveness exchange: an exact text that the platform answers without waking the room. */
export const PING = "ping";
/** The platform's answer to {@link PING}. */
export const PONG = "pong";

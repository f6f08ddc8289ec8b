/**
 * The wire contract: every message, token claim, REST body and error. Imports nothing of ours; everything else imports it.
 * @module
 */
export * from "./bots.ts";
export * from "./commands.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./frames.ts";
export * from "./grants.ts";
export * from "./hls.ts";
export * from "./limits.ts";
export * from "./link.ts";
export * from "./media.ts";
export * from "./model.ts";
export * from "./names.ts";
export * from "./phone-attributes.ts";
export * from "./program-routes.ts";
export * from "./rest.ts";
export * from "./route.ts";
export * from "./routes.ts";
export * from "./rtmp.ts";
export * from "./rtp.ts";
export * from "./session.ts";
export * from "./telephony.ts";
export * from "./telephony-link.ts";
export * from "./telephony-routes.ts";
export * from "./tokens.ts";
export * from "./version.ts";
export * from "./webhooks.ts";

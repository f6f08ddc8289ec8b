/**
 * For your own back end, on Node, Bun, Deno or Workers: create tokens, call the REST API.
 * @module
 */
export { TandemError } from "../protocol/errors.ts";
export { type Grants, HOST_GRANTS, MEMBER_GRANTS } from "../protocol/grants.ts";
export type { Participant, Source } from "../protocol/model.ts";
export type { RoomDetail, RoomList } from "../protocol/rest.ts";
export type { Call, CallList, DispatchRule, Trunk } from "../protocol/telephony.ts";
export type { WebhookEvent, WebhookList } from "../protocol/webhooks.ts";
export { type Client, type ClientOptions, createClient, type ListOptions } from "./client.ts";
export type { CallListOptions, Telephony } from "./telephony.ts";
export { type ApiKey, createApiToken, createToken, type TokenOptions } from "./tokens.ts";
export { type VerifyOptions, verifyWebhook, WebhookError } from "./webhooks.ts";

/**
 * The edge: the Worker, and the Durable Objects it is made of.
 * @module
 */
import { createApp } from "./api/app.ts";

export { Directory } from "./directory/directory.ts";
export { Fleet } from "./nodes/fleet.ts";
export { MediaNode } from "./nodes/media-node.ts";
export { Room } from "./rooms/room.ts";
export { Telephony } from "./telephony/telephony.ts";
export { Webhooks } from "./webhooks/webhooks.ts";

export default createApp();

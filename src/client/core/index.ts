/**
 * The core of the SDK, without a browser: one participant's connection to a room, its commands and its copy of the room.
 * @module
 */

export type { TokenSource } from "./credentials.ts";
export { createEmitter, type Emitter } from "./emitter.ts";
export type { Failure } from "./failure.ts";
export type { RoomModel, Status } from "./model.ts";
export type { Body, Result } from "./outbox.ts";
export { connect, type SignalBody, type Signaling, type SignalingEvents, type SignalingOptions } from "./signaling.ts";
export { createStore, type Store, type WritableStore } from "./store.ts";
export type { HostChange, Socket, SocketEvents, Surroundings } from "./surroundings.ts";

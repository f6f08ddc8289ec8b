/**
 * The one place where the app meets the SDK: types, and the entries that are loaded when they are first needed.
 * @module
 */
export type { OpenDevice } from "../../client/devices.ts";
export type { LocalSource, ParticipantView, Room, RoomEvents, RoomSnapshot, SourceView } from "../../client/index.ts";
export type { Quality } from "../../client/stats.ts";

export const loadCore = () => import("../../client/index.ts");
export const loadDevices = () => import("../../client/devices.ts");
export const loadSpeaking = () => import("../../client/speaking.ts");
export const loadStats = () => import("../../client/stats.ts");
export const loadScreen = () => import("../../client/screen.ts");

/**
 * The call, loaded while somebody still looks at the preview.
 * @module
 */
export { type Call, createCall } from "../state/call.ts";
export { CallPage } from "./call-page.tsx";

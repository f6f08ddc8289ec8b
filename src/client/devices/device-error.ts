/**
 * - `denied`: the person, the browser or a policy of the page forbids it
 * - `busy`: something else uses it, or it does not start
 * - `missing`: there is none, or it has vanished
 * - `overconstrained`: none can do what was asked
 */
export type DeviceErrorCode = "denied" | "busy" | "missing" | "overconstrained";

const ADVICE: Record<DeviceErrorCode, string> = {
  denied: "The browser does not allow it; allow it in the address bar or in the system's settings.",
  busy: "It is in use by another program or does not start; close that program or choose another device.",
  missing: "There is no such device; plug one in or choose another one.",
  overconstrained: "No device can do what was asked; ask for less or choose another one.",
};

const NAMES: Record<string, DeviceErrorCode> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  // There is no mediaDevices on a page that is not secure.
  TypeError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "overconstrained",
};

/** Why a device could not be had; the message says what to do. */
export class DeviceError extends Error {
  readonly code: DeviceErrorCode;

  constructor(code: DeviceErrorCode, cause?: unknown) {
    super(ADVICE[code], { cause });
    this.name = "DeviceError";
    this.code = code;
  }
}

/** The {@link DeviceError} that `cause`, thrown by getUserMedia or getDisplayMedia, stands for. */
export const deviceError = (cause: unknown): DeviceError =>
  new DeviceError(NAMES[cause instanceof Error || cause instanceof DOMException ? cause.name : ""] ?? "busy", cause);

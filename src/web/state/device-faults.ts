/** Why a microphone or camera can't be had. */
export type DeviceFault = "denied" | "busy" | "missing" | "unfit";

/** The fault that an error of the SDK's devices names. */
export function faultOf(error: unknown): DeviceFault {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "denied" || code === "busy" || code === "missing") return code;
  return "unfit";
}

/** What happened, what still works and what to do, in one sentence; a button beside it tries again. */
export function faultText(kind: "microphone" | "camera", fault: DeviceFault): string {
  const without = kind === "microphone" ? "just listen" : "go on without it";
  switch (fault) {
    case "denied":
      return `The browser blocks the ${kind}; allow it in the address bar, or ${without}.`;
    case "busy":
      return `Another program uses the ${kind}; close it there, or ${without}.`;
    case "missing":
      return `No ${kind} was found; plug one in, or ${without}.`;
    case "unfit":
      return `That ${kind} did not start; choose another one, or ${without}.`;
  }
}

/** The same when neither may be used, which is one decision and one remedy. */
export const bothDeniedText =
  "The browser blocks microphone and camera; allow them in the address bar, or join to listen.";

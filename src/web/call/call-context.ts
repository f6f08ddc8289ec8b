import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Call } from "../state/call.ts";

export const CallContext = createContext<Call | undefined>(undefined);

/** The call of the page this component stands in. */
export function useCall(): Call {
  const call = useContext(CallContext);
  if (!call) throw new Error("useCall outside of a call page");
  return call;
}

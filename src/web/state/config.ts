import { signal } from "@preact/signals";
import type { PublicConfig } from "../../protocol/rest.ts";
import { api } from "./api.ts";

type ConfigState =
  | { readonly status: "loading" }
  | { readonly status: "failed" }
  | { readonly status: "ready"; readonly config: PublicConfig };

/** How people get into this deployment. */
export const config = signal<ConfigState>({ status: "loading" });

/** Asks the deployment; again after a failure. */
export async function loadConfig(): Promise<void> {
  config.value = { status: "loading" };
  try {
    config.value = { status: "ready", config: await api.config() };
  } catch {
    config.value = { status: "failed" };
  }
}

/**
 * One delivery: a POST, signed as Standard Webhooks has it.
 * @module
 */
import { createHmac } from "node:crypto";
import { reasonOf } from "../log.ts";

/** A receiver has so long (ms) to answer. */
const PATIENCE = 10_000;

export interface Delivery {
  readonly url: string;
  readonly secret: string;
  readonly id: string;
  readonly body: string;
}

/** `v1,` and the MAC of id, time and body. */
export function signatureOf(secret: string, id: string, seconds: number, body: string): string {
  const key = atob(secret.replace(/^whsec_/, ""));
  const mac = createHmac(
    "sha256",
    Uint8Array.from(key, char => char.charCodeAt(0)),
  )
    .update(`${id}.${seconds}.${body}`)
    .digest("base64");
  return `v1,${mac}`;
}

/** @returns why it failed; undefined once it is taken */
export async function deliver({ url, secret, id, body }: Delivery, now: number): Promise<string | undefined> {
  const seconds = Math.floor(now / 1_000);
  const headers = {
    "content-type": "application/json",
    "user-agent": "Tandem-Webhooks",
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": signatureOf(secret, id, seconds, body),
  };
  try {
    // Where it is told to go instead it doesn't go: that would be somebody else's choice.
    const request = {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    } as const;
    const response = await fetch(url, request);
    await response.body?.cancel();
    return response.ok ? undefined : `status ${response.status}`;
  } catch (error) {
    return reasonOf(error).slice(0, 200);
  }
}

import type { Relay } from "./allocation.ts";
import type { TurnContext } from "./context.ts";

/** Forgets channels and permissions that have died; a channel keeps its permission's entry, dead or alive. */
export function sweepPermissions({ io }: TurnContext, relay: Relay, now: number): void {
  const { channels } = relay.allocation;
  for (const [key, permission] of relay.permissions) {
    for (let i = permission.channels.length - 1; i >= 0; i--) {
      const channel = permission.channels[i]!;
      if (now < channel.until) continue;
      permission.channels.splice(i, 1);
      channels.delete(channel.number);
      if (relay.allocation.lastChannel === channel) relay.allocation.lastChannel = undefined;
      io.forgetPeer(channel.peer);
    }
    if (permission.channels.length > 0 || now < permission.until) continue;
    relay.permissions.delete(key);
    if (relay.lastPermission === permission) relay.lastPermission = undefined;
  }
}

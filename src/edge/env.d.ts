/** Bindings, variables and secrets of wrangler.toml, as the code sees them. */
declare namespace Cloudflare {
  interface Env {
    ROOM: DurableObjectNamespace<import("./rooms/room.ts").Room>;
    DIRECTORY: DurableObjectNamespace<import("./directory/directory.ts").Directory>;
    MEDIA_NODE: DurableObjectNamespace<import("./nodes/media-node.ts").MediaNode>;
    FLEET: DurableObjectNamespace<import("./nodes/fleet.ts").Fleet>;
    TELEPHONY: DurableObjectNamespace<import("./telephony/telephony.ts").Telephony>;
    DELIVERIES: DurableObjectNamespace<import("./webhooks/webhooks.ts").Webhooks>;
    FAILURE_LIMIT: RateLimit;
    PASSWORD_LIMIT: RateLimit;
    JOIN_LIMIT: RateLimit;
    RESUME_LIMIT: RateLimit;
    API_LIMIT: RateLimit;
    /** Where broadcasts go, if anywhere. */
    BROADCASTS?: R2Bucket;
    API_KEYS?: string;
    NODE_KEYS?: string;
    RESUME_SECRET?: string;
    OPERATOR_PASSWORD?: string;
    TURN_SECRET?: string;
    TELEPHONY_SECRET?: string;
    HOSTS_DIAL?: string;
    WEBHOOKS?: string;
    ROOM_ACCESS?: string;
    ICE_SERVERS?: string;
    MESSAGE_RATE?: string;
    MESSAGE_BURST?: string;
    MESH_AFTER?: string;
    LOG_LEVEL?: string;
    LOCAL?: string;
  }
  interface GlobalProps {
    mainModule: typeof import("./worker.ts");
    durableNamespaces: "Room" | "Directory" | "MediaNode" | "Fleet" | "Telephony" | "Webhooks";
  }
}

// The one synchronous HMAC of the platform: an `await` inside a room object would let other events in between.
// (Declared here because the types of Node's globals and of the Workers runtime exclude each other.)
declare module "node:crypto" {
  interface Hmac {
    update(data: string): Hmac;
    digest(encoding: "base64" | "base64url"): string;
  }
  export function createHmac(algorithm: "sha1" | "sha256", key: string | Uint8Array): Hmac;
}

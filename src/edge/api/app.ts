/**
 * The Worker's routes.
 * @module
 */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import { broadcasts } from "../broadcasts/routes.ts";
import { discover, sessions } from "../whip/routes.ts";
import { bots } from "./bots.ts";
import { connect, explain } from "./connect.ts";
import { answerError, type HttpEnv, problem } from "./http.ts";
import { iceServers } from "./ice-servers.ts";
import { invitations } from "./invitations.ts";
import { connectNode, explainNode, nodes } from "./nodes.ts";
import { rooms } from "./rooms.ts";
import { rtmp } from "./rtmp.ts";
import { status } from "./status.ts";
import { calls, dispatchRules, trunks } from "./telephony.ts";
import { openTokens, tokens } from "./tokens.ts";
import { webhooks } from "./webhooks.ts";

const CONNECT = "/v1/rooms/:room/connect";
const LINK = "/v1/nodes/connect";

/** Headers that pages of other origins may read, and send. */
const EXPOSED = [
  "content-range",
  "location",
  "etag",
  "link",
  "accept-post",
  "accept-patch",
  "retry-after",
  "www-authenticate",
];
const ALLOWED = ["authorization", "content-type", "if-match"];

export function createApp(): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  // Before the middleware below: an upgrade's response can't take further headers.
  app.get(CONNECT, connect);
  app.get(LINK, connectNode);

  // Before CORS, which answers OPTIONS by itself.
  app.use("/v1/whip/*", discover);
  app.use("/v1/whep/*", discover);
  // Bearer tokens in headers, never cookies: so any page may call.
  app.use(cors({ origin: "*", exposeHeaders: EXPOSED, allowHeaders: ALLOWED, maxAge: 86_400 }));
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      crossOriginResourcePolicy: "cross-origin",
      referrerPolicy: "no-referrer",
    }),
  );
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store");
  });

  app.get(CONNECT, explain);
  app.get(LINK, explainNode);
  app.route("/v1", status);
  app.route("/v1/rooms", rooms);
  app.route("/v1/nodes", nodes);
  app.route("/v1/whip", sessions("whip"));
  app.route("/v1/whep", sessions("whep"));
  app.route("/v1/hls", broadcasts);
  app.route("/v1/bots", bots);
  app.route("/v1/rtmp", rtmp);
  app.route("/v1/ice-servers", iceServers);
  app.route("/v1/trunks", trunks);
  app.route("/v1/dispatch-rules", dispatchRules);
  app.route("/v1/calls", calls);
  app.route("/v1/webhooks", webhooks);
  app.route("/v1/tokens", tokens);
  app.route("/v1/open/tokens", openTokens);
  app.route("/v1/invitations", invitations);

  app.notFound(() => problem("not-found"));
  app.onError((error, c) => answerError(error, c.env));
  return app;
}

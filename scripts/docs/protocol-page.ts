/** `docs/protocol.md`: the wire contract for a reader, from the schemas. */
import type * as v from "valibot";
import {
  ApiClaims,
  EDGE_FRAMES,
  ERRORS,
  EVENTS,
  Hello,
  JoinClaims,
  LIMITS,
  NodeClaims,
  QUERIES,
  RECEIVED_SIGNALS,
  RESULTS,
  ROUTES,
  SIGNALING_PROTOCOL,
  SIGNALS,
  STATEFUL,
  TIMES,
} from "../../src/protocol/index.ts";
import { fieldTable } from "./schema.ts";

const sections = (schemas: Readonly<Record<string, v.GenericSchema>>): string =>
  Object.entries(schemas)
    .map(([name, schema]) => `#### \`${name}\`\n\n${fieldTable(schema)}`)
    .join("\n");

const bounds = (table: Readonly<Record<string, number>>, heading: string): string =>
  `| ${heading} | value |\n| --- | ---: |\n${Object.entries(table)
    .map(([name, value]) => `| ${name} | ${value.toLocaleString("en")} |`)
    .join("\n")}\n`;

/** The page. */
export function protocolPage(): string {
  const errors = Object.entries(ERRORS)
    .map(
      ([code, { status, close, retryable, message }]) =>
        `| \`${code}\` | ${status} | ${close} | ${retryable ? "yes" : "no"} | ${message} |`,
    )
    .join("\n");
  const routes = ROUTES.map(
    ({ method, path, auth, summary }) => `| \`${method} ${path}\` | ${auth} | ${summary} |`,
  ).join("\n");
  return `# The wire contract

Generated from \`src/protocol\` by \`npm run docs\`; a check keeps it fresh. The REST API stands in full in
[openapi.json](openapi.json), which every deployment serves at \`/openapi.json\`.

## Signaling: \`${SIGNALING_PROTOCOL}\`

A client opens \`GET /v1/rooms/{room}/connect\` as a WebSocket and offers two subprotocols: \`${SIGNALING_PROTOCOL}\` and
\`bearer.<join token>\`, or \`resume.<resume token>\` after a lost connection. Tokens never stand in an address. Frames are
JSON objects in text. The first one is \`hello\`; the room answers \`welcome\`, then \`snapshot\` pages (or, to a client that
resumes, \`replay\` pages), then live events. A text \`ping\` is answered \`pong\` without waking the room.

Messages come in two classes. **Events** are stored, have a \`seq\` and reach everybody exactly once: a client that comes
back says the last \`seq\` it has applied and gets what it missed, or a snapshot. **Signals** are passed on at most once and
never stored; one to somebody without a live connection is answered \`peer-away\`.

Within a version only additions happen. Receivers ignore unknown fields, event types and enum values; an unknown *command*
is answered with an error, never with a closed connection.

### Client to edge: \`hello\`

${fieldTable(Hello)}
### Client to edge: commands that change the room

Applied once per \`id\`, which counts up from 1 through all resumes. The room keeps the outcomes of the newest
${LIMITS.unanswered}, so a client resends what is unanswered and never does anything twice.

${sections(STATEFUL)}
### Client to edge: queries

${sections(QUERIES)}
### Client to edge: signals

${sections(SIGNALS)}
### Edge to client: signals

${sections(RECEIVED_SIGNALS)}
### Edge to client: events

${sections(EVENTS)}
### Edge to client: frames around them

${sections(EDGE_FRAMES)}
### Results in \`ok\`

${sections(RESULTS)}
## REST

| route | auth | |
| --- | --- | --- |
${routes}

## Tokens

JWT, HS256 by API key or EdDSA; the header's \`kid\` names the key. \`exp\` is at most a day after \`iat\`, and counts on joining
only.

#### Join token

${fieldTable(JoinClaims)}
#### API token

${fieldTable(ApiClaims)}
#### Node token

${fieldTable(NodeClaims)}
## Errors

One table for REST (status), connections (close code), commands and SDK. The SDK never retries what is not retryable.

| code | status | close | retry | what to do |
| --- | ---: | ---: | --- | --- |
${errors}

## Bounds

${bounds(LIMITS, "limit (bytes are UTF-8)")}
${bounds(TIMES, "time, ms")}`;
}

/** `docs/protocol.md`: the wire contract for a reader, from the schemas. */
import type * as v from "valibot";
import {
  ApiClaims,
  BOT_COMMANDS,
  BOT_EVENTS,
  BOT_PROTOCOL,
  CLIENT_MEDIA,
  EDGE_FRAMES,
  ERRORS,
  EVENTS,
  Hello,
  JoinClaims,
  LIMITS,
  LINK_COMMANDS,
  LINK_FRAMES,
  LINK_PROTOCOL,
  MEDIA_PROTOCOL,
  NODE_COMMANDS,
  NODE_FRAMES,
  NODE_MEDIA,
  NodeClaims,
  PROGRAM_ROUTES,
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
  const programRoutes = PROGRAM_ROUTES.map(
    ({ method, path, body = "", answers, summary }) =>
      `| \`${method} ${path}\` | ${body} | ${Object.keys(answers).join(", ")} | ${summary} |`,
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
## Media data channel: \`${MEDIA_PROTOCOL}\`

Negotiated, id 0, reliable, ordered, JSON text; opened with a \`hello\` from each side. It carries what changes several times a
second, so the edge sleeps while a call runs.

### Node to client

${sections(NODE_MEDIA)}
### Client to node

${sections(CLIENT_MEDIA)}
## Audio for programs: \`${BOT_PROTOCOL}\`

A program that was let in by \`POST /v1/bots/{room}\` opens the WebSocket that it is told of with the subprotocols
\`${BOT_PROTOCOL}\` and \`bearer.<token>\`. Binary messages are PCM, both ways: 16-bit samples, little-endian, mono. Texts are
JSON: [gateways](gateway.md#audio-for-programs).

### Node to program

${sections(BOT_EVENTS)}
### Program to node

${sections(BOT_COMMANDS)}
## Node link: \`${LINK_PROTOCOL}\`

A media node opens \`GET /v1/nodes/connect\` as a WebSocket with the subprotocols \`${LINK_PROTOCOL}\` and
\`bearer.<node token>\`. Commands name the life of the room and the epoch of its assignment, are idempotent, and are
answered \`done\` or \`failed\`.

### Node to edge

${sections(NODE_FRAMES)}
### Edge to node

${sections(LINK_FRAMES)}
### Edge to node: commands about a room

${sections(LINK_COMMANDS)}
### Edge to node: commands to the node itself

${sections(NODE_COMMANDS)}
## REST

| route | auth | |
| --- | --- | --- |
${routes}

### WHIP and WHEP

With a join token, from any program: [gateways](gateway.md).

| route | body | answers | |
| --- | --- | --- | --- |
${programRoutes}

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

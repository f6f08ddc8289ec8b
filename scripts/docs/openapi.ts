/** The REST API as an OpenAPI 3.1 document, from the table of routes. */
import {
  ERRORS,
  type ErrorCode,
  PROGRAM_ROUTES,
  Problem,
  type ProgramRoute,
  ROUTES,
  type Route,
} from "../../src/protocol/index.ts";
import { jsonOf } from "./schema.ts";

const common = ["bad-request", "rate-limited", "missing-secret", "internal"] as const;
const authErrors = ["token-missing", "token-invalid", "token-expired"] as const;

function responses(route: Route): Record<string, unknown> {
  const result: Record<string, unknown> = {
    [route.status]: route.result
      ? { description: "Done.", content: { "application/json": { schema: jsonOf(route.result) } } }
      : { description: "Done." },
  };
  return { ...result, ...problems([...(route.errors ?? []), ...(route.auth !== "none" ? authErrors : []), ...common]) };
}

/** What failures answer, by status. */
function problems(codes: readonly ErrorCode[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const status of [...new Set(codes.map(code => ERRORS[code].status))].sort()) {
    const rows = codes.filter(code => ERRORS[code].status === status);
    result[status] = {
      description: rows.map(code => `\`${code}\`: ${ERRORS[code].message}`).join(" "),
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    };
  }
  return result;
}

const pathParameters = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));

const text = (type: string) => ({ [type]: { schema: { type: "string" } } });

function programOperation({ path, summary, body, headers, answers, errors }: ProgramRoute): Record<string, unknown> {
  const inHeader = Object.entries(headers ?? {}).map(([name, description]) => ({
    name,
    in: "header",
    required: true,
    description,
    schema: { type: "string" },
  }));
  const successes = Object.entries(answers).map(([status, { means, body, headers }]) => [
    status,
    {
      description: means,
      ...(headers && { headers: Object.fromEntries(headers.map(name => [name, { schema: { type: "string" } }])) }),
      ...(body && { content: text(body) }),
    },
  ]);
  return {
    summary,
    security: [{ bearer: [] }],
    parameters: [...pathParameters(path), ...inHeader],
    ...(body && { requestBody: { required: true, content: text(body) } }),
    responses: { ...Object.fromEntries(successes), ...problems([...errors, ...authErrors, ...common]) },
  };
}

function operation(route: Route): Record<string, unknown> {
  const inQuery = Object.entries(route.query ?? {}).map(([name, description]) => ({
    name,
    in: "query",
    description,
    schema: { type: "string" },
  }));
  return {
    summary: route.summary,
    security: route.auth === "none" ? [] : [{ bearer: [] }],
    parameters: [...pathParameters(route.path), ...inQuery],
    ...(route.body && {
      requestBody: { required: true, content: { "application/json": { schema: jsonOf(route.body) } } },
    }),
    responses: responses(route),
  };
}

/** The document. */
export function openapi(): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTES) {
    paths[route.path] ??= {};
    Object.assign(paths[route.path] as object, { [route.method.toLowerCase()]: operation(route) });
  }
  for (const route of PROGRAM_ROUTES) {
    // What names a session and what names a source stand at the same place of a path.
    const path = route.path.replace("{source}", "{pid}");
    paths[path] ??= {};
    Object.assign(paths[path] as object, { [route.method.toLowerCase()]: programOperation({ ...route, path }) });
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tandem",
      version: "1",
      description:
        "Rooms, participants and tokens. Errors are RFC 9457 problem documents with a `code` from one table.",
    },
    paths,
    components: {
      schemas: { Problem: jsonOf(Problem) },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

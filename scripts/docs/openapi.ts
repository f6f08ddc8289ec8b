/** The REST API as an OpenAPI 3.1 document, from the table of routes. */
import { ERRORS, Problem, ROUTES, type Route } from "../../src/protocol/index.ts";
import { jsonOf } from "./schema.ts";

const common = ["bad-request", "rate-limited", "missing-secret", "internal"] as const;
const authErrors = ["token-missing", "token-invalid", "token-expired"] as const;

function responses(route: Route): Record<string, unknown> {
  const result: Record<string, unknown> = {
    [route.status]: route.result
      ? { description: "Done.", content: { "application/json": { schema: jsonOf(route.result) } } }
      : { description: "Done." },
  };
  const codes = [...(route.errors ?? []), ...(route.auth !== "none" ? authErrors : []), ...common];
  for (const status of [...new Set(codes.map(code => ERRORS[code].status))].sort()) {
    const rows = codes.filter(code => ERRORS[code].status === status);
    result[status] = {
      description: rows.map(code => `\`${code}\`: ${ERRORS[code].message}`).join(" "),
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    };
  }
  return result;
}

function operation(route: Route): Record<string, unknown> {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(route.query ?? {}).map(([name, description]) => ({
    name,
    in: "query",
    description,
    schema: { type: "string" },
  }));
  return {
    summary: route.summary,
    security: route.auth === "none" ? [] : [{ bearer: [] }],
    parameters: [...inPath, ...inQuery],
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

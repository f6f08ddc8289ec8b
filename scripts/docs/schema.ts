/** Valibot schemas as JSON Schema, and that in the few words a reader needs. */
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";

/** The part of JSON Schema that our schemas come out as. */
export interface Json {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  anyOf?: Json[];
  items?: Json;
  properties?: Record<string, Json>;
  required?: string[];
  additionalProperties?: Json | boolean;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
}

/** JSON Schema of what is sent (defaults not yet filled in). Checks in code (byte lengths) have no counterpart there. */
export function jsonOf(schema: v.GenericSchema): Json {
  const json = toJsonSchema(schema, { typeMode: "input", errorMode: "ignore" }) as Json & { $schema?: string };
  delete json.$schema;
  return json;
}

const range = (low: number | undefined, high: number | undefined, unit = ""): string =>
  low === undefined && high === undefined ? "" : ` (${low ?? ""}…${high ?? ""}${unit})`;

/** A type in one line. */
export function typeOf(json: Json): string {
  if (json.const !== undefined) return JSON.stringify(json.const);
  if (json.enum) return json.enum.map(value => JSON.stringify(value)).join(", ");
  if (json.anyOf) return json.anyOf.map(typeOf).join(" or ");
  if (json.type === "array")
    return `array of ${json.items ? typeOf(json.items) : "any"}${range(json.minItems, json.maxItems)}`;
  if (json.type === "string") return `string${range(json.minLength, json.maxLength, " characters")}`;
  if (json.type === "integer" || json.type === "number") return `${json.type}${range(json.minimum, json.maximum)}`;
  if (json.type === "object" && json.properties) {
    const required = new Set(json.required);
    const fields = Object.entries(json.properties).map(
      ([name, field]) => `${name}${required.has(name) ? "" : "?"}: ${typeOf(field)}`,
    );
    return `{ ${fields.join("; ")} }`;
  }
  if (json.type === "object")
    return `map of ${typeof json.additionalProperties === "object" ? typeOf(json.additionalProperties) : "any"}`;
  return json.type ?? "any JSON";
}

/** A markdown table of an object's fields; `type` is left out, since the heading says it. */
export function fieldTable(schema: v.GenericSchema): string {
  const json = jsonOf(schema);
  const required = new Set(json.required);
  const rows = Object.entries(json.properties ?? {})
    .filter(([name, field]) => !(name === "type" && field.const !== undefined))
    .map(([name, field]) => {
      const fallback = field.default === undefined ? "" : `, default ${JSON.stringify(field.default)}`;
      return `| \`${name}\` | ${typeOf(field).replaceAll("|", "\\|")} | ${required.has(name) ? "yes" : `no${fallback}`} |`;
    });
  if (rows.length === 0) return "No fields.\n";
  return `| field | type | required |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
}

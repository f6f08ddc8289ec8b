/** Secrets for development and first deployments: made once, random, never printed. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

const secret = () => randomBytes(32).toString("base64url");

/** The secrets that the Worker requires (wrangler.toml lists the same), and how to make each. */
const MAKERS = {
  API_KEYS: () => JSON.stringify({ main: secret() }),
  NODE_KEYS: () => JSON.stringify({ node: secret() }),
  RESUME_SECRET: secret,
  OPERATOR_PASSWORD: () => randomBytes(12).toString("base64url"),
  TURN_SECRET: secret,
  TELEPHONY_SECRET: secret,
};

const parse = text =>
  Object.fromEntries(
    text
      .split("\n")
      .map(line => /^([A-Z_]+)=(.*)$/.exec(line))
      .filter(match => match !== null)
      .map(([, name, value]) => [name, value.replace(/^'(.*)'$/, "$1")]),
  );

/** Complete `.dev.vars` (git-ignored, 0600) for local development; what stands there already stays. */
export function ensureDevVars() {
  const path = join(root, ".dev.vars");
  const known = existsSync(path) ? parse(readFileSync(path, "utf8")) : {};
  const wanted = { LOCAL: () => "true", ROOM_ACCESS: () => "open", ...MAKERS };
  const missing = Object.keys(wanted).filter(name => !(name in known));
  if (missing.length === 0) return known;
  for (const name of missing) known[name] = wanted[name]();
  const lines = Object.entries(known).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(
    path,
    `# Development only. Made by npm start; delete the file to get new ones.\n${lines.join("\n")}\n`,
    {
      mode: 0o600,
    },
  );
  return known;
}

/** Complete `.secrets.json` (git-ignored, 0600), which `npm run deploy` uploads. */
export function ensureDeploySecrets() {
  const path = join(root, ".secrets.json");
  const known = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  const missing = Object.keys(MAKERS).filter(name => !(name in known));
  for (const name of missing) known[name] = MAKERS[name]();
  if (missing.length > 0) writeFileSync(path, `${JSON.stringify(known, null, 2)}\n`, { mode: 0o600 });
  return { path, made: missing };
}

/**
 * What every part of telephony works with.
 * @module
 */
import { createLog, type Log } from "../log.ts";
import type { NodeOrder } from "../nodes/media-node.ts";
import type { Answer } from "../nodes/waiting.ts";
import type { Reply } from "../reply.ts";
import { settingsOf } from "../settings.ts";
import { createDatabase, type Database } from "../storage/database.ts";
import { nodeStub } from "../stubs.ts";
import { tellWebhooks } from "../webhooks/tell.ts";
import { type Calls, createCalls } from "./calls.ts";
import { toldCalls, toldTrunks } from "./hooks.ts";
import { createLimits, type Limits } from "./limits.ts";
import { createSipNodes, type SipNodes } from "./nodes.ts";
import { createRules, type Rules } from "./rules.ts";
import { TELEPHONY_MIGRATIONS } from "./schema.ts";
import { createWrongPins, type WrongPins } from "./tries.ts";
import { createTrunks, type Trunks } from "./trunks.ts";
import { createVault, type Vault } from "./vault.ts";

export interface TelephonyContext {
  readonly env: Cloudflare.Env;
  readonly storage: DurableObjectStorage;
  readonly log: Log;
  readonly db: Database;
  readonly trunks: Trunks;
  readonly rules: Rules;
  readonly calls: Calls;
  readonly nodes: SipNodes;
  readonly wrongPins: WrongPins;
  readonly limits: Limits;
  /** @throws TandemError `missing-secret` */
  readonly vault: Vault;
  /** Have a node do something; refused with `no-media-node` where it does not answer. */
  tell(node: string, command: NodeOrder): Promise<Reply<Answer>>;
}

export function createContext(state: DurableObjectState, env: Cloudflare.Env): TelephonyContext {
  const { storage } = state;
  const db = createDatabase(storage, TELEPHONY_MIGRATIONS);
  const log = createLog(env.LOG_LEVEL, { object: "telephony" });
  const isHeard = settingsOf(env).webhooks.length > 0;
  const tell: Parameters<typeof toldCalls>[1] = (room, events) => state.waitUntil(tellWebhooks(env, log, room, events));
  const calls = isHeard ? toldCalls(createCalls(db), tell) : createCalls(db);
  const trunks = isHeard ? toldTrunks(createTrunks(db), tell) : createTrunks(db);
  let vault: Vault | undefined;
  return {
    env,
    storage,
    log,
    db,
    trunks,
    rules: createRules(db),
    calls,
    nodes: createSipNodes(db),
    wrongPins: createWrongPins(db),
    limits: createLimits(calls),
    get vault() {
      vault ??= createVault(settingsOf(env).telephonySecrets);
      return vault;
    },
    tell: (node, command) => nodeStub(env, node).obey(command),
  };
}

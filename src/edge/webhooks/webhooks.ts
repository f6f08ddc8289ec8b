/**
 * What back ends are yet to be told. An object of its own: a slow receiver must not keep a room awake.
 * @module
 */
import { DurableObject } from "cloudflare:workers";
import { fitsEvent, type WebhookEvent, type WebhookList } from "../../protocol/webhooks.ts";
import { createLog } from "../log.ts";
import { settingsOf } from "../settings.ts";
import { createDatabase, type Database } from "../storage/database.ts";
import { deliver } from "./deliver.ts";
import { signingSecretOf } from "./endpoints.ts";

export const WEBHOOKS_MIGRATIONS = [
  `CREATE TABLE deliveries (
     n INTEGER PRIMARY KEY AUTOINCREMENT,
     url TEXT NOT NULL,
     id TEXT NOT NULL,
     body TEXT NOT NULL,
     tries INTEGER NOT NULL,
     due INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX deliveries_by_due ON deliveries (due);
   CREATE TABLE receivers (url TEXT PRIMARY KEY, dropped INTEGER NOT NULL, failure TEXT) STRICT, WITHOUT ROWID;`,
] as const;

/** Events that wait for one receiver at most: the oldest go. */
const MOST = 10_000;
/** Deliveries in one go, and under way at a time. */
const BATCH = 60;
const AT_ONCE = 6;
const MINUTE = 60_000;
/** Pauses (ms) before each further try: about a day, all together. */
const PAUSES = [
  5_000,
  30_000,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  2 * 60 * MINUTE,
  6 * 60 * MINUTE,
  15 * 60 * MINUTE,
];

type Row = { n: number; url: string; id: string; body: string; tries: number };

export class Webhooks extends DurableObject<Cloudflare.Env> {
  readonly #db: Database;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    this.#db = createDatabase(state.storage, WEBHOOKS_MIGRATIONS);
  }

  /** Keep events until they are told. */
  async take(events: readonly WebhookEvent[]): Promise<void> {
    this.#db.open();
    const now = Date.now();
    for (const event of events) {
      const body = JSON.stringify(event);
      for (const { url, events: patterns } of settingsOf(this.env).webhooks) {
        if (!fitsEvent(event.type, patterns)) continue;
        const values = [url, event.id, body, now] as const;
        this.#db.write("INSERT INTO deliveries (url, id, body, tries, due) VALUES (?, ?, ?, 0, ?)", ...values);
        this.#bound(url);
      }
    }
    await this.#arm();
  }

  #bound(url: string): void {
    const [row] = this.#db.rows<{ n: number | null }>(
      "SELECT n FROM deliveries WHERE url = ? ORDER BY n DESC LIMIT 1 OFFSET ?",
      url,
      MOST,
    );
    if (row?.n == null) return;
    this.#db.write("DELETE FROM deliveries WHERE url = ? AND n <= ?", url, row.n);
    this.#note(url, 1, undefined);
  }

  /** How it goes with a receiver. */
  #note(url: string, dropped: number, failure: string | null | undefined): void {
    this.#db.write("INSERT OR IGNORE INTO receivers (url, dropped, failure) VALUES (?, 0, NULL)", url);
    if (dropped > 0) this.#db.write("UPDATE receivers SET dropped = dropped + ? WHERE url = ?", dropped, url);
    if (failure !== undefined) this.#db.write("UPDATE receivers SET failure = ? WHERE url = ?", failure, url);
  }

  async #arm(): Promise<void> {
    const [row] = this.#db.rows<{ due: number | null }>("SELECT min(due) AS due FROM deliveries");
    if (row?.due == null) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > row.due) await this.ctx.storage.setAlarm(row.due);
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    const due = this.#db.rows<Row>(
      "SELECT n, url, id, body, tries FROM deliveries WHERE due <= ? ORDER BY n LIMIT ?",
      now,
      BATCH,
    );
    const next = due.values();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const row of next) await this.#tell(row);
      }),
    );
    await this.#arm();
  }

  async #tell({ n, url, id, body, tries }: Row): Promise<void> {
    const isWanted = settingsOf(this.env).webhooks.some(endpoint => endpoint.url === url);
    const failure = isWanted
      ? await deliver({ url, secret: signingSecretOf(this.env, url), id, body }, Date.now())
      : undefined;
    if (failure === undefined) {
      this.#db.write("DELETE FROM deliveries WHERE n = ?", n);
      this.#note(url, 0, null);
      return;
    }
    const pause = PAUSES[tries];
    this.#note(url, pause === undefined ? 1 : 0, failure);
    if (pause === undefined) {
      this.#db.write("DELETE FROM deliveries WHERE n = ?", n);
      createLog(this.env.LOG_LEVEL).warn("webhook-dropped", { host: new URL(url).host, event: id, reason: failure });
    } else {
      this.#db.write("UPDATE deliveries SET tries = tries + 1, due = ? WHERE n = ?", Date.now() + pause, n);
    }
  }

  /** How it goes. */
  list(): WebhookList["webhooks"] {
    return settingsOf(this.env).webhooks.map(({ url, events }) => {
      const [receiver] = this.#db.rows<{ dropped: number; failure: string | null }>(
        "SELECT dropped, failure FROM receivers WHERE url = ?",
        url,
      );
      const [waiting] = this.#db.rows<{ count: number }>("SELECT count(*) AS count FROM deliveries WHERE url = ?", url);
      return {
        ...{ url, events: [...events], secret: signingSecretOf(this.env, url), pending: waiting?.count ?? 0 },
        ...{ dropped: receiver?.dropped ?? 0, failure: receiver?.failure ?? null },
      };
    });
  }
}

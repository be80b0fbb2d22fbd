// The ids of the conversations, by key: {key: {"id", "last_used_at", "cwd"}} in one JSON file.
import { randomUUID } from "node:crypto";
import { closeSync, readFileSync, renameSync } from "node:fs";
import { lock, replace, writing } from "./disk.js";
import { Refusal } from "./refusal.js";

const LOCK_TIMEOUT_S = 60;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface Row {
  id: string;
  /** Epoch milliseconds of the last turn that succeeded. */
  last_used_at: number;
  /** Where the conversation was started: it can be resumed there alone. */
  cwd?: string;
}

/** What is in the file; a Map, so that a key such as `__proto__` is one like any other. */
type Rows = Map<string, unknown>;

export class SessionStore {
  /**
   * @param limitMs how long an id may rest; one that rested exactly as long is still fresh
   * @param now the time in epoch milliseconds
   * @param isRunning whether a Claude is at work for a key: its row is then never too old
   */
  constructor(
    private readonly path: string,
    private readonly limitMs: number,
    private readonly now: () => number,
    private readonly isRunning: (key: string) => boolean,
  ) {}

  /** Whether the key has a row, fresh or not. */
  async has(key: string): Promise<boolean> {
    return asRow((await this.rows()).get(key)) !== null;
  }

  /** The row of a key while it is fresh; a stale one is deleted. */
  async get(key: string): Promise<Row | null> {
    const row = asRow((await this.rows()).get(key));
    if (row === null || this.isInOrder(key, row)) return row;
    await this.sweep();
    return asRow((await this.rows()).get(key));
  }

  async set(key: string, id: unknown, cwd?: string): Promise<void> {
    if (typeof id !== "string" || !UUID.test(id)) throw new Refusal("invalid_session_id", `not a UUID: ${String(id)}`);
    await this.change((rows) => {
      const { cwd: earlier, ...row } = asObject(rows.get(key)) ?? {};
      const place = cwd ?? (row.id === id ? earlier : undefined);
      rows.set(key, { ...row, id, last_used_at: this.now(), ...(place !== undefined && { cwd: place }) });
    });
  }

  async delete(key: string): Promise<void> {
    await this.change((rows) => rows.delete(key));
  }

  /** Delete what is stale, tell how many, and let what claims to be from the future age from now on. */
  async sweep(): Promise<number> {
    const inOrder = (key: string, value: unknown) => {
      const row = asRow(value);
      return row === null || this.isInOrder(key, row);
    };
    if ([...(await this.rows())].every(([key, value]) => inOrder(key, value))) return 0;
    let removed = 0;
    await this.change((rows) => {
      for (const [key, value] of rows) {
        if (inOrder(key, value)) continue;
        const row = asRow(value) as Row;
        if (row.last_used_at > this.now()) rows.set(key, { ...asObject(value), last_used_at: this.now() });
        else if (rows.delete(key)) removed += 1;
      }
    });
    return removed;
  }

  private isInOrder(key: string, row: Row): boolean {
    const age = this.now() - row.last_used_at;
    return age >= 0 && (age <= this.limitMs || this.isRunning(key));
  }

  private async rows(): Promise<Rows> {
    return this.read() ?? (await this.change(() => {}));
  }

  /** Change the file as it is at this moment; what this version does not know stays in it. */
  private async change(edit: (rows: Rows) => unknown): Promise<Rows> {
    const held = await lock(`${this.path}.lock`, LOCK_TIMEOUT_S);
    if (held === null) throw new Refusal("busy", `${this.path} is locked by another process`);
    try {
      const rows = this.read() ?? this.setAside();
      edit(rows);
      replace(this.path, JSON.stringify(Object.fromEntries(rows), null, 1));
      return rows;
    } finally {
      closeSync(held);
    }
  }

  /** What is in the file, null when it is damaged. Reading takes no lock: the file is replaced in one step. */
  private read(): Rows | null {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return new Map();
      if (code === "EISDIR") return null;
      throw error;
    }
    try {
      const data = asObject(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
      return data && new Map(Object.entries(data));
    } catch {
      return null;
    }
  }

  private setAside(): Rows {
    writing(this.path, () => renameSync(this.path, `${this.path}.corrupt-${randomUUID()}`));
    return new Map();
  }
}

function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
}

/** A row as it is to be read: a plain id is one of the older form, which did not say when it was used. */
function asRow(value: unknown): Row | null {
  if (typeof value === "string") return UUID.test(value) ? { id: value, last_used_at: 0 } : null;
  const { id, last_used_at, cwd } = asObject(value) ?? {};
  if (typeof id !== "string" || !UUID.test(id)) return null;
  const used = typeof last_used_at === "number" ? last_used_at : 0;
  return { id, last_used_at: used, ...(typeof cwd === "string" && { cwd }) };
}

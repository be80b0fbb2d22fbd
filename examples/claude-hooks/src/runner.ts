// An agent's dispatch: resume what is stored, start fresh once when Claude has lost it, say truly what came of it.
import { statSync } from "node:fs";
import type { Leases } from "./lease.js";
import { type Kind, Refusal } from "./refusal.js";
import type { Row, SessionStore } from "./store.js";
import { carriesOn, transcriptOf } from "./transcripts.js";
import { type Claude, takeTurn, type Turn } from "./turn.js";

export interface Dispatch {
  key: string;
  prompt: string;
  /** The directory asked for; an existing conversation keeps its own. */
  cwd: string;
  /** Seconds that Claude may take, and that another dispatch of the key is waited for. */
  seconds: number;
}

export interface Outcome {
  ok: boolean;
  session_id: string | null;
  resumed: boolean;
  text: string | null;
  error: Kind | null;
  warnings: string[];
}

export class AgentRunner {
  /** How often Claude did not know a conversation that it was to resume. */
  resumeFailures = 0;

  constructor(
    private readonly claude: Claude,
    private readonly store: SessionStore,
    private readonly leases: Leases,
  ) {}

  async dispatch(asked: Dispatch): Promise<Outcome> {
    const lease = await this.leases.hold(asked.key, asked.seconds);
    try {
      const known = await this.store.has(asked.key);
      const row = await this.store.get(asked.key);
      const warnings = known && row === null ? ["expired: the conversation rested too long; a new one was begun"] : [];
      const cwd = row?.cwd ?? asked.cwd;
      if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
        throw new Refusal("cwd_missing", `the conversation's directory ${cwd} is gone; its id is kept`);
      const take = async (resume?: string) => {
        try {
          return await takeTurn(this.claude, { ...asked, cwd, resume, started: lease.running });
        } finally {
          lease.ended();
        }
      };
      return await this.runWithResume(asked.key, row, cwd, warnings, take);
    } finally {
      lease.release();
    }
  }

  private async runWithResume(
    key: string,
    row: Row | null,
    cwd: string,
    warnings: string[],
    take: (resume?: string) => Promise<Turn>,
  ): Promise<Outcome> {
    let resume = row?.id;
    const before = resume === undefined ? null : this.transcript(resume);
    let turn = await take(resume);
    if (resume !== undefined && turn.isNotFound(resume)) {
      this.resumeFailures += 1;
      await this.store.delete(key); // before the second start: the id is dead, whatever becomes of that
      resume = undefined;
      turn = await take();
    }
    const outcome = { ok: turn.ok, session_id: resume ?? null, resumed: false, text: turn.text, error: null, warnings };
    if (!turn.ok) return { ...outcome, error: turn.failure };

    // What the stream names is not always what was written.
    const named = resume === undefined || turn.wasReset ? turn.ids : [...turn.ids, resume];
    const id = named.find((candidate) => this.transcript(candidate) !== null);
    const after = id === undefined ? null : this.transcript(id);
    const unsaved = id === resume && before !== null && after !== null && after.turns <= before.turns;
    if (id === undefined || after === null || unsaved) {
      warnings.push("not_resumable: Claude did not save this turn; check that projects/ is writable");
      return { ...outcome, session_id: null };
    }
    const resumed =
      resume !== undefined &&
      (turn.wasReset || (before !== null && (id === resume ? carriesOn(before, after) : after.turns > before.turns)));
    if (resume !== undefined && !resumed) warnings.push("cold_start: Claude answered without the earlier turns");
    await this.store.set(key, id, cwd);
    return { ...outcome, session_id: id, resumed };
  }

  private transcript(id: string) {
    return transcriptOf(this.claude.configDir, id);
  }
}

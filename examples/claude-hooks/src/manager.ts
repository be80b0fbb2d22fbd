// The parts, put together for one config dir.
import type { PermissionMode } from "@anthropic-ai/claude-agent-sdk";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { writing } from "./disk.js";
import { Leases } from "./lease.js";
import { persistenceProblems } from "./persistence.js";
import { Refusal } from "./refusal.js";
import { AgentRunner, type Outcome } from "./runner.js";
import { SessionStore } from "./store.js";
import type { Claude } from "./turn.js";

const DAY_MS = 24 * 60 * 60 * 1000;

export interface Environment {
  config_dir: string;
  state_dir: string;
  claude: string;
  env: Record<string, string>;
  settings: Record<string, unknown>;
}

export interface Request {
  key: string | null;
  workspace_id: string | null;
  prompt: string;
  cwd: string;
  timeout: number | null;
}

export class SessionManager {
  readonly storeName: string;
  readonly store: SessionStore;
  private readonly claude: Claude;
  private readonly runner: AgentRunner;
  private readonly timeout: number;

  /** @param now the time in epoch milliseconds */
  constructor(environment: Environment, now: () => number) {
    const { config_dir, state_dir, settings } = environment;
    this.timeout = positive(settings, "claude_timeout_s", 1800);
    this.claude = {
      program: environment.claude,
      configDir: config_dir,
      env: environment.env,
      model: (settings.model as string | null | undefined) ?? undefined,
      permissionMode: (settings.permission_mode as PermissionMode | null | undefined) ?? undefined,
      directories: (settings.add_dirs as string[] | null | undefined) ?? undefined,
    };
    // One store a config dir: an id means nothing under another one.
    const place = existsSync(config_dir) ? realpathSync(config_dir) : config_dir;
    const scope = createHash("sha256").update(place).digest("hex").slice(0, 12);
    this.storeName = `sessions-${scope}.json`;
    writing(state_dir, () => mkdirSync(state_dir, { recursive: true, mode: 0o700 }));
    const leases = new Leases(join(state_dir, `running-${scope}`));
    const limit = positive(settings, "max_session_age_ms", DAY_MS);
    this.store = new SessionStore(join(state_dir, this.storeName), limit, now, (key) => leases.isRunning(key));
    this.runner = new AgentRunner(this.claude, this.store, leases);
  }

  async dispatch({ key, workspace_id, prompt, cwd, timeout }: Request): Promise<Outcome> {
    if (key === null || workspace_id !== null) throw new Refusal("unsupported", "a key, and no workspace, is needed");
    return this.runner.dispatch({ key, prompt, cwd, seconds: timeout ?? this.timeout });
  }

  metrics(): Record<string, number> {
    return { claude_session_resume_failures_total: this.runner.resumeFailures };
  }

  checkPersistence(): string[] {
    return persistenceProblems(this.claude.configDir, this.claude.program, this.claude.env);
  }
}

function positive(settings: Record<string, unknown>, name: string, byDefault: number): number {
  const value = settings[name] ?? byDefault;
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0)
    throw new Refusal("invalid_setting", `${name} is ${JSON.stringify(value)}: a number above 0 is expected`);
  return value;
}

// One turn of Claude through the SDK: one process, ended with its children at the time-out.
import type { PermissionMode, SDKMessage, SDKResultMessage } from "@anthropic-ai/claude-agent-sdk";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { endGroup } from "./lease.js";
import { type Kind, Refusal } from "./refusal.js";

const STDERR_GRACE_MS = 1000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

// What an enclosing Claude leaves in the environment; handed on, the transcript is not written.
const ENCLOSING = new Set([
  "CLAUDECODE",
  "CLAUDE_CODE_CHILD_SESSION",
  "CLAUDE_CODE_SESSION_ID",
  "CLAUDE_CODE_SSE_PORT",
  "CLAUDE_PID",
]);

const FAILURES: Partial<Record<string, Kind>> = {
  authentication_failed: "auth",
  billing_error: "auth",
  oauth_org_not_allowed: "auth",
  rate_limit: "rate_limited",
};

/** What every start of Claude has in common: a resume gets the same options as the start. */
export interface Claude {
  program: string;
  configDir: string;
  env: Record<string, string>;
  model?: string;
  permissionMode?: PermissionMode;
  directories?: string[];
}

export interface Ask {
  prompt: string;
  cwd: string;
  /** The id to resume; a new conversation without one. */
  resume?: string;
  seconds: number;
  started(pid: number): void;
}

/** What came back. */
export class Turn {
  readonly result: SDKResultMessage | undefined;

  constructor(
    private readonly frames: SDKMessage[],
    private readonly stderr: string,
    private readonly timedOut: boolean,
  ) {
    this.result = frames.findLast((frame) => frame.type === "result");
  }

  /** `is_error` decides, whatever the subtype says. */
  get ok(): boolean {
    return this.result?.subtype === "success" && !this.result.is_error;
  }

  get text(): string | null {
    return this.result?.subtype === "success" ? this.result.result : null;
  }

  /** Whether Claude has no such conversation: a release says so on stderr, in the result's errors, or in both. */
  isNotFound(id: string): boolean {
    if (this.frames.some((frame) => frame.type === "assistant")) return false;
    const errors = this.result !== undefined && "errors" in this.result ? this.result.errors : [];
    const said = [...this.stderr.split("\n"), ...errors].map((line) => line.trim());
    return said.includes(`No conversation found with session ID: ${id}`);
  }

  get failure(): Kind {
    if (this.timedOut) return "timeout";
    const errors = this.frames.flatMap((frame) => (frame.type === "assistant" && frame.error ? frame.error : []));
    return errors.map((error) => FAILURES[error]).find((kind) => kind !== undefined) ?? "claude_failed";
  }

  /** Whether the conversation was replaced inside the turn. */
  get wasReset(): boolean {
    return this.frames.some((frame) => frame.type === "conversation_reset");
  }

  /** Ids that may be the conversation's, the likeliest first: not those of hooks, nor those before a reset. */
  get ids(): string[] {
    const reset = this.frames.findLastIndex((frame) => frame.type === "conversation_reset");
    const frames = this.frames.slice(reset + 1).filter((frame) => !isOfHook(frame));
    const ids = frames.map((frame) => ("session_id" in frame ? frame.session_id : undefined));
    return [...new Set(ids.reverse())].filter((id) => typeof id === "string");
  }
}

function isOfHook(frame: SDKMessage): boolean {
  return frame.type === "system" && frame.subtype.startsWith("hook_");
}

export async function takeTurn(claude: Claude, ask: Ask): Promise<Turn> {
  // Loaded when it is needed: that takes as long as Node's own start, and most calls start no Claude.
  const { query } = await import("@anthropic-ai/claude-agent-sdk");
  const frames: SDKMessage[] = [];
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> | undefined;
  let stderr = "";
  let timedOut = false;

  const start = (command: string, args: string[], env: NodeJS.ProcessEnv) => {
    // In a process group of its own, so that it can be ended with its children.
    const started = spawn(command, args, { cwd: ask.cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    child = started;
    ended = new Promise((resolve) => started.once("error", resolve).once("exit", resolve));
    started.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    if (started.pid !== undefined) ask.started(started.pid);
    return started;
  };
  const end = async () => child?.pid !== undefined && (await endGroup(child.pid));
  const timer = setTimeout(() => {
    timedOut = true;
    void end();
  }, Math.min(ask.seconds * 1000, LONGEST_TIMER_MS));
  try {
    const messages = query({
      prompt: ask.prompt, // goes in by stdin: no length and no leading dash matters
      options: {
        pathToClaudeCodeExecutable: claude.program,
        spawnClaudeCodeProcess: ({ command, args, env }) => start(command, args, env),
        cwd: ask.cwd,
        env: environment(claude),
        resume: ask.resume,
        model: claude.model,
        permissionMode: claude.permissionMode,
        allowDangerouslySkipPermissions: claude.permissionMode === "bypassPermissions",
        additionalDirectories: claude.directories,
      },
    });
    for await (const frame of messages) frames.push(frame);
  } catch (error) {
    // What else the SDK throws the frames, stderr and the time-out tell more exactly.
    if (error instanceof Refusal) {
      await end();
      throw error;
    }
  } finally {
    await ended;
    clearTimeout(timer);
    await end(); // children that outlived it
  }
  if (child?.stderr?.closed === false) await Promise.race([once(child.stderr, "close"), sleep(STDERR_GRACE_MS)]);
  return new Turn(frames, stderr, timedOut);
}

function environment(claude: Claude): Record<string, string> {
  const kept = Object.entries(claude.env).filter(([name]) => !ENCLOSING.has(name));
  return { ...Object.fromEntries(kept), CLAUDE_CONFIG_DIR: claude.configDir };
}

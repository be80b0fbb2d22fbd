// One Claude a key: between the dispatches of this process, between processes, and after one was killed.
import { createHash } from "node:crypto";
import { closeSync, ftruncateSync, mkdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lock, writing } from "./disk.js";
import { Refusal } from "./refusal.js";

const GRACE_MS = 1000;

/** The right to run Claude for a key. The lock file names the Claude that runs, for others and for a successor. */
export interface Lease {
  running(pid: number): void;
  ended(): void;
  release(): void;
}

export class Leases {
  constructor(private readonly directory: string) {}

  /** Wait for the lease of a key; a Claude that a killed holder left running is ended. */
  async hold(key: string, seconds: number): Promise<Lease> {
    writing(this.directory, () => mkdirSync(this.directory, { recursive: true, mode: 0o700 }));
    const path = this.path(key);
    const held = await lock(path, seconds);
    if (held === null) throw new Refusal("busy", `another dispatch of ${key.slice(0, 80)} is running`);
    const orphan = runningIn(path);
    if (orphan !== null) await endGroup(orphan);
    const lease = {
      running: (pid: number) => writing(path, () => writeSync(held, `${pid} ${startOf(pid)}`)),
      ended: () => writing(path, () => ftruncateSync(held)),
      release: () => closeSync(held),
    };
    lease.ended();
    return lease;
  }

  /** Whether a Claude is at work for a key, in whichever process. */
  isRunning(key: string): boolean {
    return runningIn(this.path(key)) !== null;
  }

  private path(key: string): string {
    return join(this.directory, `${createHash("sha256").update(key).digest("hex")}.lock`);
  }
}

/** End a process that leads a group, and the group: first so that it can flush, then for certain. */
export async function endGroup(pid: number): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    try {
      process.kill(-pid, signal);
    } catch {
      return; // nobody is left in the group
    }
    const deadline = performance.now() + GRACE_MS;
    while (startOf(pid) !== null && performance.now() < deadline) await sleep(10);
  }
}

function runningIn(path: string): number | null {
  let note: string;
  try {
    note = readFileSync(path, "utf8");
  } catch {
    return null;
  }
  const [pid, started] = note.split(" ");
  return started !== undefined && startOf(Number(pid)) === started ? Number(pid) : null;
}

/** When a process started, so that a reused id is not taken for it; null when it is gone. Linux tells it in /proc. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

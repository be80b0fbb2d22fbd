// Files that several processes share: locked, replaced in one step, readable by their owner alone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Refusal } from "./refusal.js";

/** Do something that writes; when the disk does not take it, say so. */
export function writing<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Refusal("unwritable", `cannot write ${path}: ${(error as Error).message}; nothing was saved`);
  }
}

/**
 * Wait for a lock and give the descriptor that holds it, null when it is not free in time. Closing the descriptor lets
 * go of it, and so does any end of this process: a flock(2) belongs to the open file, which flock(1) shares with us.
 */
export async function lock(path: string, seconds: number): Promise<number | null> {
  const descriptor = writing(path, () => openSync(path, "a+", 0o600));
  try {
    const stdio = ["ignore", "ignore", "ignore", descriptor] as const;
    const [status] = await once(spawn("flock", ["-w", seconds.toFixed(3), "3"], { stdio: [...stdio] }), "exit");
    if (status === 0) return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw new Refusal("unsupported", `the program flock (util-linux) is needed: ${(error as Error).message}`);
  }
  closeSync(descriptor);
  return null;
}

/** Put a text in a file's place, so that a crash leaves the old or the new one. The caller holds the file's lock. */
export function replace(path: string, text: string): void {
  const draft = `${path}.new`;
  writing(path, () => {
    const file = openSync(draft, "w", 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
      renameSync(draft, path);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    const directory = openSync(dirname(path), "r");
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  });
}

// Claude's own record of its conversations: what is not in it cannot be resumed, whatever Claude said.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export interface Transcript {
  turns: number;
  /** Id of each record, with that of the record before it. */
  parents: Map<string, string | null>;
  /** Id of the newest turn's record. */
  last: string | null;
}

/** The transcript of a conversation, null when there is no turn in it, or none. */
export function transcriptOf(configDir: string, id: string): Transcript | null {
  const path = find(join(configDir, "projects"), `${id}.jsonl`);
  if (path === null) return null;
  const found: Transcript = { turns: 0, parents: new Map(), last: null };
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const record = parsed(line);
    if (typeof record?.uuid !== "string") continue;
    const parent = record.parentUuid ?? record.logicalParentUuid;
    found.parents.set(record.uuid, typeof parent === "string" ? parent : null);
    if (record.isSidechain === true || (record.type !== "user" && record.type !== "assistant")) continue;
    found.last = record.uuid;
    if (record.type === "user") found.turns += 1;
  }
  return found.turns > 0 ? found : null;
}

/** Whether the newest turn of `after` follows on the turns of `before`. */
export function carriesOn(before: Transcript, after: Transcript): boolean {
  const seen = new Set<string>();
  for (let at = after.last; at !== null && !seen.has(at); at = after.parents.get(at) ?? null) {
    if (at !== after.last && before.parents.has(at)) return true;
    seen.add(at);
  }
  return false;
}

/** By name, in every project: how a directory becomes a project's name differs by release and by character. */
function find(projects: string, name: string): string | null {
  let newest: { path: string; mtime: number } | null = null;
  for (const project of entries(projects)) {
    const path = join(projects, project, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile() && found.mtimeMs > (newest?.mtime ?? -1)) newest = { path, mtime: found.mtimeMs };
  }
  return newest?.path ?? null;
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));
  } catch {
    return [];
  }
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === "object" ? (record as Record<string, unknown> | null) : null;
  } catch {
    return null; // a line that was torn
  }
}

// Proof by writing that conversations last: permission bits say nothing of mounts, quotas and root.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, statSync, type Stats, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// What a release writes besides projects/, by the first release that is so; "." is the config dir itself.
const NEEDS: [since: string, names: string[]][] = [
  ["2.1.329", []],
  ["2.1.112", ["session-env"]],
  ["2.1.50", ["debug", "session-env"]],
  ["2.0.77", [".", "todos", "debug", "session-env"]],
  ["1.0.0", [".", "todos"]],
];

/** As the user who runs Claude, and in a child, which alone can change its user. */
const PROBE = `
cd -- "$1" && mkdir -m 700 "./$2" || exit 1
trap 'rm -f "./$2/probe"; rmdir "./$2"' EXIT
head -c 65536 /dev/zero > "./$2/probe"
`;

/** What keeps conversations from lasting, each in a line; empty when nothing does. */
export function persistenceProblems(configDir: string, claude: string, env: Record<string, string>): string[] {
  try {
    const owner = statSync(configDir);
    const needs = needsOf(releaseOf(claude, env)).map((name) => join(configDir, name));
    // What else it needs Claude makes itself, where it can.
    const places = needs.map((path) => (existsSync(path) ? path : configDir));
    return [join(configDir, "projects"), ...places].flatMap((directory) => problemWith(directory, owner) ?? []);
  } catch (error) {
    return [(error as Error).message];
  }
}

function problemWith(directory: string, owner: Stats): string | null {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined) return `${directory} is missing: prepare the host, and bind it read-write`;
  if (!found.isDirectory()) return `${directory} is no directory: move it away, and prepare the host`;
  if (found.uid !== owner.uid)
    return `${directory} belongs to user ${found.uid}, and Claude runs as ${owner.uid}: chown it`;
  const user = process.geteuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {};
  const name = `.persistence-probe-${randomUUID()}`;
  const tried = spawnSync("sh", ["-c", PROBE, "sh", directory, name], { cwd: "/", encoding: "utf8", ...user });
  try {
    utimesSync(directory, found.atimeMs / 1000, found.mtimeMs / 1000);
  } catch {
    // It is read-only: nothing was changed then.
  }
  return tried.status === 0 ? null : `${directory} cannot be written: ${tried.error?.message ?? tried.stderr.trim()}`;
}

function needsOf(release: string): string[] {
  const isSince = (since: string) => release.localeCompare(since, "en", { numeric: true }) >= 0;
  return NEEDS.find(([since]) => isSince(since))?.[1] ?? [];
}

/** What the program says that it is. It gets a home of its own: older releases write there even to say that. */
function releaseOf(claude: string, env: Record<string, string>): string {
  const home = mkdtempSync(join(tmpdir(), "claude-version-"));
  try {
    const apart = { ...env, HOME: home, CLAUDE_CONFIG_DIR: join(home, "config") };
    const told = spawnSync(claude, ["--version"], { cwd: home, env: apart, encoding: "utf8", timeout: 60_000 });
    return /^\d+\.\d+\.\d+/.exec(told.stdout ?? "")?.[0] ?? "";
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

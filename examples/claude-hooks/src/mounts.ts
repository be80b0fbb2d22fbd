// What an agent's container must be given so that its conversations last: source and proof of the bind mounts.
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, mkdirSync, openSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { writing } from "./disk.js";

export interface Mount {
  source: string;
  target: string;
  read_only: boolean;
}

/** Bound read-write on top of the read-only config dir; the last two are for releases before 2.1.329. */
const WRITABLE = ["projects", "session-env", "debug"];

/** The binds of a container, in the order in which they are mounted. */
export function mountPlan(hostDir: string, containerDir: string): Mount[] {
  const writable = WRITABLE.map((name) => {
    return { source: join(hostDir, name), target: join(containerDir, name), read_only: false };
  });
  return [{ source: hostDir, target: containerDir, read_only: true }, ...writable];
}

/** Whether a container has the config dir read-only and projects/ read-write on top; if not, it is to be made anew. */
export function mountsMatch(actual: Mount[], hostDir: string, containerDir: string): boolean {
  const seen = new Map(actual.map((mount) => [resolve(mount.target), mount])); // of two at one place the last is seen
  return mountPlan(hostDir, containerDir)
    .slice(0, 2)
    .every(({ source, target, read_only }) => {
      const found = seen.get(resolve(target));
      return found !== undefined && resolve(found.source) === resolve(source) && found.read_only === read_only;
    });
}

/** Make what is bound read-write, for the config dir's owner, before a container engine makes it for root. */
export function prepareHost(hostDir: string): void {
  const owner = writing(hostDir, () => statSync(hostDir));
  for (const name of WRITABLE) writing(join(hostDir, name), () => prepare(join(hostDir, name), owner.uid, owner.gid));
}

function prepare(directory: string, uid: number, gid: number): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // By descriptor, and no link: its owner must not be able to have root give another directory away.
  const opened = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const found = fstatSync(opened);
    if (found.uid !== uid) fchownSync(opened, uid, gid);
    if ((found.mode & 0o700) !== 0o700) fchmodSync(opened, (found.mode & 0o7777) | 0o700);
  } finally {
    closeSync(opened);
  }
}

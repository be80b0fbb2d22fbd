// The door to the conformance suite: requests as lines of JSON on stdin, answers on stdout.
import { type Environment, type Request, SessionManager } from "./manager.js";
import { type Mount, mountPlan, mountsMatch, prepareHost } from "./mounts.js";
import { Refusal } from "./refusal.js";

interface Params {
  environment: Environment;
  key: string;
  session_id: unknown;
  request: Request;
  host_config_dir: string;
  container_config_dir: string;
  actual: Mount[];
}

let now = 0; // the suite tells the time with each request
let manager: SessionManager;

const methods: Record<string, (params: Params) => unknown> = {
  async initialize({ environment }) {
    manager = new SessionManager(environment, () => now);
    await manager.store.sweep();
    return {
      protocol: 1,
      name: "claude-hooks",
      version: "1.0.0",
      language: "typescript",
      capabilities: ["store", "ttl", "resume", "metrics", "binds"],
      options: { clock: "injected", store_json: manager.storeName },
    };
  },
  get_session: async ({ key }) => (await manager.store.get(key))?.id ?? null,
  set_session: ({ key, session_id }) => manager.store.set(key, session_id),
  sweep_stale_sessions: () => manager.store.sweep(),
  dispatch: ({ request }) => manager.dispatch(request),
  metrics: () => manager.metrics(),
  mount_plan: ({ host_config_dir, container_config_dir }) => mountPlan(host_config_dir, container_config_dir),
  prepare_host: ({ host_config_dir }) => prepareHost(host_config_dir),
  mounts_match: ({ actual, host_config_dir, container_config_dir }) =>
    mountsMatch(actual, host_config_dir, container_config_dir),
  check_persistence: () => manager.checkPersistence(),
  shutdown: () => null,
};

async function answer(method: string, params: Params): Promise<object> {
  try {
    const call = methods[method];
    if (call === undefined) return { error: { code: -32601, message: `there is no method ${method}` } };
    return { result: (await call(params)) ?? null };
  } catch (error) {
    if (error instanceof Refusal)
      return { error: { code: -32000, message: error.message, data: { kind: error.kind } } };
    return { error: { code: -32603, message: String((error as Error).stack) } };
  }
}

function take(line: string): void {
  const { id, method, params } = JSON.parse(line);
  now = Date.parse(params.now);
  void answer(method, params).then((said) => {
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...said })}\n`);
    if (method === "shutdown") process.stdin.destroy();
  });
}

let rest = ""; // not node:readline, which also ends a line at U+2028
process.stdin.setEncoding("utf8").on("data", (chunk: string) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop() as string;
  lines.forEach(take);
});

// Runs one query of @anthropic-ai/claude-agent-sdk and prints what came of it, a JSON object a line.
// Its argument: {"sdk": FILE, "prompts": [TEXT], "options": {...}, "answer": allow|deny|null, "hooks": [EVENT],
// "tool": boolean, "interrupt": boolean}.
import { pathToFileURL } from "node:url";

const given = JSON.parse(process.argv[2]);
const tell = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const sdk = await import(pathToFileURL(given.sdk).href);
const options = { ...given.options, stderr: (text) => tell({ stderr: text }) };

if (given.answer) {
  options.canUseTool = async (tool, input) => {
    tell({ asked: tool, input });
    return given.answer === "allow"
      ? { behavior: "allow", updatedInput: input }
      : { behavior: "deny", message: "no way" };
  };
}
if (given.hooks) {
  const hook = async (input) => {
    tell({ hook: input.hook_event_name, session_id: input.session_id });
    return {};
  };
  options.hooks = Object.fromEntries(given.hooks.map((event) => [event, [{ hooks: [hook] }]]));
}
if (given.tool) {
  const { z } = await import(pathToFileURL(given.zod).href);
  const add = sdk.tool("add", "Adds two numbers", { a: z.number(), b: z.number() }, async ({ a, b }) => {
    tell({ called: [a, b] });
    return { content: [{ type: "text", text: String(a + b) }] };
  });
  options.mcpServers = { calc: sdk.createSdkMcpServer({ name: "calc", tools: [add] }) };
}

// Each prompt after the result of the one before; a single text goes as it is.
let answered = () => {};
async function* prompts() {
  for (const text of given.prompts) {
    const done = new Promise((resolve) => (answered = resolve));
    yield { type: "user", message: { role: "user", content: text }, parent_tool_use_id: null, session_id: "" };
    await done;
  }
}

try {
  const prompt = given.stream ? prompts() : given.prompts[0];
  const query = sdk.query({ prompt, options });
  for await (const message of query) {
    tell({ message });
    if (given.interrupt && message.type === "system" && message.subtype === "init") await query.interrupt();
    if (message.type === "result") answered();
  }
} catch (error) {
  tell({ error: error.message, name: error.name });
}

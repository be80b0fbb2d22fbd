#!/usr/bin/env bash
# The JSON-RPC driver that puts ccr.sh under `pytest --claude-conformance`: one message a line (docs: the stdio door).
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
. "$here/ccr.sh"

# The request as shell words: id, method, CCR_NOW, each parameter by its name; for `initialize` the world that it gives.
read_request() {
  eval "$(jq -r '@sh "id=\(.id) method=\(.method)",
    ((.params.now // "") | if . == "" then "CCR_NOW=" else @sh "CCR_NOW=\(sub("\\..*|Z$"; "") + "Z" | fromdate)" end),
    (["cwd", "destination", "limit", "name", "prefix", "prompt", "session_id", "text"][] as $name
      | .params[$name] // "" | tostring | "\($name)=\(@sh)"),
    (.params.environment // empty | @sh "world=\(
      [(.env | to_entries[] | select(.key | test("^[A-Za-z_]\\w*$")) | "export \(.key)=\(.value | @sh)"),
       "CCR_STATE=\(.state_dir | @sh) CCR_CLAUDE=\(.claude | @sh) WORKDIR=\(.workdir | @sh)"] | join("\n"))")')"
}

initialize() {
  local variable
  for variable in $(compgen -e); do unset -v "$variable"; done
  eval "$world"
  echo '{"protocol": 1, "name": "ccr", "version": "1.0", "language": "bash",
    "capabilities": ["history", "tmux", "recovery", "export"], "options": {"clock": "injected"}}'
}

call() {
  case $method in
    initialize) initialize ;;
    list_sessions) ccr_list "${limit:-20}" ;;
    find_sessions) ccr_find "$text" "${limit:-20}" ;;
    current_session) ccr_current "${cwd:-$WORKDIR}" ;;
    resolve_session) ccr_resolve "$prefix" ;;
    resume_session) printf %s "$prompt" | _ccr_resume "$session_id" ;;
    rate_limited_sessions) ccr_limited ;;
    recover_rate_limited) ccr_recover ;;
    tmux_start) ccr_tmux_start "$cwd" "$session_id" ;;
    tmux_list) ccr_tmux_list ;;
    tmux_kill) ccr_tmux_kill "$name" ;;
    export_session) ccr_export "$session_id" "$destination" ;;
    shutdown) echo null ;;
    *) _ccr_refuse unsupported "there is no method $method" ;;
  esac
}

answer=$(mktemp) || exit
trap 'rm -f -- "$answer"' EXIT
while IFS= read -r request; do
  read_request <<<"$request"
  # Into a file, not $(...): initialize changes this very shell.
  if call >"$answer" </dev/null; then outcome=result; else outcome=error; fi
  printf '{"jsonrpc":"2.0","id":%s,"%s":%s}\n' "$id" "$outcome" "$(tr -d '\n' <"$answer")"
  [[ $method == shutdown ]] && exit
done

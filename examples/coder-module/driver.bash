#!/usr/bin/env bash
# Lets pytest-claude-sessions talk to session.sh: a request is a line of JSON on stdin, its answer one on stdout.
# shellcheck disable=SC2034
set -u
. "$(dirname "${BASH_SOURCE[0]}")/session.sh"

identity='{"protocol": 1, "name": "coder-module", "version": "1", "language": "bash",
  "capabilities": ["identity", "resume", "quarantine", "retention", "idle"],
  "options": {"id_scheme": "coder-workspace", "workspace_case": "preserve", "clock": "none"}}'
# One jq reads all requests, each into a line of assignments: a start of it would be most of a request's time.
read_requests='@sh "id=\(.id) method=\(.method) line=\(tojson)" + @sh " workspace=\(
  .params.workspace_id // .params.request.workspace_id // "" | sub("\\A\\s+"; "") | sub("\\s+\\z"; "")
  | gsub("\\\\"; "\\\\") | gsub("\n"; "\\n"))"'

param() { jq -r "$1" <<<"$line"; }
# A long line is written in parts, and a dispatch may end meanwhile: one writer at a time.
say() { (flock 4 && printf '%s\n' "$1") 4<"${BASH_SOURCE[0]}"; }
result() { say "{\"jsonrpc\": \"2.0\", \"id\": $id, \"result\": ${1//$'\n'/ }}"; } # JSON has no other line ends
text() { jq -n --arg text "$1" '$text | if . == "" then null else . end'; }
refuse() {
  say "$(jq -cn --argjson id "$id" --arg kind "$1" --arg message "$2" \
    '{jsonrpc: "2.0", id: $id, error: {code: -32000, message: $message, data: {kind: $kind}}}')"
}

initialize() {
  local name
  for name in config_dir state_dir home claude; do printf -v "$name" %s "$(param ".params.environment.$name")"; done
  settings_dir=$(param .params.environment.managed_settings_dir)
  age_ms=$(param '.params.environment.settings.max_session_age_ms // 0')
  eval "world=($(param '.params.environment.env | to_entries | map("\(.key)=\(.value)" | @sh) | join(" ")'))"
  result "$identity"
}

quarantine() {
  if ! jq -e '.params.session_id | test("\\A[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\\z")' <<<"$line" >/dev/null
  then
    refuse invalid_session_id "a UUID is expected"
  elif path=$(quarantine_invalid "$(param .params.session_id)"); then
    result "$(text "$path")"
  else
    refuse unwritable "the transcript cannot be renamed"
  fi
}

dispatch() {
  if [ "$(param .params.request.workspace_id)" = null ]; then
    refuse unsupported "conversations are those of workspaces"
  else
    prompt=$(param '.params.request.prompt + "."') && prompt=${prompt%.} # $() would take the ends of lines
    if said=$(dispatch_workspace "$workspace" "$(param .params.request.cwd)" "$(param '.params.request.timeout // 1800')")
    then
      result "$said"
    else
      refuse cwd_missing "the directory that the conversation works in is gone"
    fi
  fi
}

install() {
  local days warnings='[]' path
  days=$(param .params.retention_days)
  if ! jq -e '.params.retention_days | . == null or (type == "number" and . >= 1 and . == floor)' <<<"$line" >/dev/null; then
    refuse invalid_setting "a whole number of days, at least 1, is expected"
    return
  fi
  jq -en "$days != null and $age_ms > ($days // 0) * 86400000" >/dev/null &&
    warnings='["retention: ids are offered for longer than their transcripts are kept"]'
  path=$(install_lifecycle "$days") || warnings='["unwritable: the managed settings were not written"]'
  result "$(jq -n --argjson path "$(text "$path")" --argjson warnings "$warnings" '{path: $path, warnings: $warnings}')"
}

exec 3< <(jq --unbuffered -r "$read_requests")
while IFS= read -r assignments <&3; do
  eval "$assignments"
  printf -v workspace %b "$workspace"
  case $method in
  initialize) initialize ;;
  derive_session_id) result "\"$(derive_session_id "$workspace")\"" ;;
  quarantine_invalid) quarantine ;;
  dispatch) dispatch & ;; # a turn may take long, and others ask meanwhile
  install_lifecycle_settings) install ;;
  idle_state) result "\"$(idle_state)\"" ;;
  shutdown) result null ;; # the input ends next
  *) say "{\"jsonrpc\": \"2.0\", \"id\": $id, \"error\": {\"code\": -32601, \"message\": \"no such method\"}}" ;;
  esac
done
wait

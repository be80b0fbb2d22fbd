# Claude Code sessions for a workspace: which id it has, whether its transcript still is one, start or resume, retention
# and an idle signal. To be sourced; needs bash, jq and coreutils on Linux. Callers set:
#   config_dir state_dir home settings_dir claude   and the array `world`, the environment that Claude gets
# shellcheck shell=bash disable=SC2154

LEGACY_ID=cd32e253-ca16-4fd3-9825-d837e74ae3c2 # of every workspace, before ids were derived

# The id of a workspace: uuid5(NAMESPACE_URL, "coder-workspace://" + id), without python3.
derive_session_id() { # WORKSPACE, trimmed
  [ -n "$1" ] || { echo "$LEGACY_ID" && return; }
  local h
  h=$({
    printf '\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8'
    printf 'coder-workspace://%s' "$1"
  } | sha1sum)
  printf '%s-%s-5%s-%x%s-%s\n' "${h:0:8}" "${h:8:4}" "${h:13:3}" "$((0x${h:16:1} & 3 | 8))" "${h:17:3}" "${h:20:12}"
}

# ---- transcripts

inside_projects() { # PATH, with links on the way followed
  [[ $(realpath -m -- "$1") == "$(realpath -m -- "$config_dir/projects")"/* ]]
}

# What stands in a transcript's place. Found by id: how a directory becomes a name differs by release.
transcript_of() { # ID -> path
  local path
  for path in "$config_dir"/projects/*/"$1".jsonl; do
    if [ -e "$path" ] || [ -L "$path" ]; then echo "$path" && return; fi
  done
  return 1
}

# How many messages of a user are in a transcript; torn and unknown lines do not matter. (jq 1.6 reads no lone surrogates.)
messages_in() { # PATH CONDITION
  LC_ALL=C sed -E 's/\\\\/_/g; s/\\u[dD][89a-fA-F][0-9a-fA-F]{2}/_/g' "$1" 2>/dev/null | jq -Rn '[
    inputs | ltrimstr("\ufeff") | fromjson? | objects
    | select(.type == "user" and .isSidechain != true and (.message | type) == "object" and ('"${2:-true}"'))] | length' 2>/dev/null
}

is_valid_session() { # PATH: Claude resumes what has a user's message in it
  [ -f "$1" ] && inside_projects "$1" && [ "$(messages_in "$1")" -gt 0 ] 2>/dev/null
}

is_running() { # ID: a Claude says that it is at work on it
  local pid
  for pid in $(jq -r --arg id "$1" 'select(.sessionId == $id).pid' "$config_dir"/sessions/*.json 2>/dev/null); do
    kill -0 "$pid" 2>/dev/null && return
  done
  return 1
}

# Rename a transcript that Claude would refuse; never delete, never overwrite. Fails when it cannot be moved.
quarantine_invalid() { # ID -> the new path, empty when there was nothing to do
  local path aside number=0
  path=$(transcript_of "$1") || return 0
  if ! inside_projects "${path%/*}/." || is_valid_session "$path" || is_running "$1"; then return 0; fi
  aside=$path.bak
  while [ -e "$aside" ] || [ -L "$aside" ]; do aside=$path.bak.$((++number)); done
  mv -nT -- "$path" "$aside" 2>/dev/null && echo "$aside"
}

# ---- one turn of a workspace

# Marks of a Claude that the caller itself may run in: with them no transcript is kept.
marks=(-u CLAUDECODE -u CLAUDE_CODE_CHILD_SESSION -u CLAUDE_CODE_SESSION_ID -u CLAUDE_PID -u CLAUDE_CODE_SSE_PORT)

# What Claude says, as one JSON object; its lines on stderr are in its "stderr", its exit status in "status".
run_claude() { # CWD SECONDS OPTION... ; the prompt is in $prompt
  local said status errors=$row.stderr.$BASHPID
  said=$(cd -- "$1" && printf %s "$prompt" | env -i "${world[@]}" env "${marks[@]}" timeout -k 1 "$2" \
    "$claude" -p --output-format json "${@:3}" 2>"$errors")
  status=$?
  jq -Rsc --arg said "$said" --argjson status $status '
    ([$said | split("\n")[] | fromjson? | if type == "array" then .[] else . end | objects] | last // {is_error: true})
    + {status: $status, stderr: split("\n")} | .ok = (.is_error == false)' "$errors"
  rm -f -- "$errors"
}

is_dead() { # ID: Claude said that it has no such conversation, in one of the places where releases say it
  jq -e --arg words "No conversation found with session ID: $1" \
    '.ok == false and any(.stderr[], .errors[]?; . == $words)' <<<"$said" >/dev/null
}

remember() { # ID CWD ; an empty id: the next turn starts fresh
  (umask 077 && printf '%s\n' "$1" "$2" >"$row.$BASHPID" && mv -T -- "$row.$BASHPID" "$row")
}

# Start or resume; the result is JSON. The row holds which id the workspace has come to, and the directory it works in.
dispatch_workspace() { # WORKSPACE CWD SECONDS
  local derived id row cwd path said lock before=0 resumed=false warnings='[]' options=()
  derived=$(derive_session_id "$1")
  row=$state_dir/$derived
  exec {lock}>"$row.lock" && flock "$lock" # Claude holds it too: it may outlive its caller
  { read -r id && IFS= read -r cwd; } 2>/dev/null <"$row" || id=$derived cwd=$2
  [ -d "$cwd" ] || { exec {lock}>&- && return 3; }
  quarantine_invalid "$id" >/dev/null || warnings='["quarantine_failed: the damaged transcript could not be renamed"]'
  if [ -n "$id" ] && path=$(transcript_of "$id") && is_valid_session "$path"; then
    resumed=true before=$(messages_in "$path" '.parentUuid == null') options=(--resume "$id")
  elif ! transcript_of "$derived" >/dev/null; then
    options=(--session-id "$derived")
  fi
  said=$(run_claude "$cwd" "$3" "${options[@]}")
  if [ $resumed = true ] && is_dead "$id"; then
    resumed=false
    remember "" "$cwd"
    said=$(run_claude "$cwd" "$3") # a dead id is asked for once
  fi
  exec {lock}>&-
  id=$(jq -r 'select(.ok).session_id // empty' <<<"$said")
  if [ -n "$id" ] && path=$(transcript_of "$id"); then remember "$id" "$cwd"; else id=; fi
  if [ $resumed = true ] && [ -n "$id" ] && [ "$(messages_in "$path" '.parentUuid == null')" -gt "$before" ]; then
    resumed=false warnings='["cold_start: Claude answered without the earlier turns"]'
  fi
  jq -c --arg id "$id" --argjson resumed $resumed --argjson warnings "$warnings" 'if .ok
    then {ok, session_id: ($id | select(. != "") // null), resumed: $resumed, text: .result, warnings: $warnings}
    else {ok, error: (if .status | . == 124 or . == 137 then "timeout" else "claude_failed" end),
      warnings: $warnings} end' <<<"$said"
}

# ---- retention, and an idle signal

# The hooks of the settings file: each ends with 0 and says nothing, whatever happens. A turn is noted by its process and
# when that began; at its end the note goes, and ~/.claude-module/last-stop is touched unless background tasks go on.
hooks() {
  local head tail begun ended stopped
  head='[ -n "$HOME" ] || exit 0; d="$HOME/.claude-module"; p="${CLAUDE_PID:-$PPID}"; { '
  tail=' } >/dev/null 2>&1; exit 0'
  begun='mkdir -p -- "$d/running"; cat "/proc/$p/stat" >"$d/running/$p";'
  ended='rm -f -- "$d/running/$p";'
  stopped="if tr -d '[:space:]' | grep -q '\"background_tasks\":\\[[^]]'; then $begun else $ended fi;"
  stopped+=' mkdir -p -- "$d"; touch -- "$d/last-stop";'
  jq -n --arg begun "$head$begun$tail" --arg ended "$head$ended$tail" --arg stopped "$head$stopped$tail" '
    def run($command): [{hooks: [{type: "command", command: $command, timeout: 5}]}];
    {UserPromptSubmit: run($begun), Stop: run($stopped), StopFailure: run($ended), SessionEnd: run($ended)}'
}

# Write the managed settings in one step. Fails, with nothing changed, where the directory cannot be written.
install_lifecycle() { # DAYS or null -> the path
  local path=$settings_dir/30-coder-lifecycle.json text draft
  text=$(hooks | jq --argjson days "$1" '{cleanupPeriodDays: $days, hooks: .} | del(.[] | nulls)')
  [ "$(cat "$path" 2>/dev/null)" != "$text" ] || { echo "$path" && return; }
  draft=$settings_dir/.30-coder-lifecycle.$$
  if mkdir -p -- "$settings_dir" && printf '%s\n' "$text" >"$draft" && chmod 644 "$draft" && mv -fT -- "$draft" "$path"; then
    echo "$path"
  else
    rm -f -- "$draft"
    return 1
  fi 2>/dev/null
}

began() { # PID -> when the process began; fails when it is gone
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return
  began_in "$stat"
}

began_in() { # the line of /proc/PID/stat -> its 22nd field
  local fields
  read -ra fields <<<"${1##*) }"
  [ "${fields[0]}" != Z ] && echo "${fields[19]}"
}

idle_state() {
  local note
  for note in "$home"/.claude-module/running/[0-9]*; do
    [ -e "$note" ] || continue
    if [ "$(began "${note##*/}")" = "$(began_in "$(<"$note")")" ]; then echo busy && return; fi
  done
  if [ -e "$home/.claude-module/last-stop" ]; then echo idle; else echo unknown; fi
}

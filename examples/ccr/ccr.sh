# Claude Code sessions from bash: list, find, resume, tmux, recovery, export. Source it: . ccr.sh
# Needs jq, tmux and GNU coreutils, findutils, sed. Settings: CLAUDE_CONFIG_DIR, CCR_STATE, CCR_CLAUDE.
# shellcheck shell=bash

CCR_HOME=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

_ccr_config() { realpath -m -- "${CLAUDE_CONFIG_DIR:-$HOME/.claude}"; }
_ccr_state() { (umask 077 && mkdir -p -- "${CCR_STATE:-$HOME/.local/state/ccr}"); echo "${CCR_STATE:-$HOME/.local/state/ccr}"; }
_ccr_jq() { jq -L "$CCR_HOME" "${@:1:$#-1}" "include \"ccr\"; ${!#}"; }
# A refusal: a JSON-RPC error on stdout, and a status that is not 0.
_ccr_refuse() { jq -cn --arg kind "$1" --arg message "$2" '{code: -32000, message: $message, data: {kind: $kind}}'; return 3; }

# ---------------------------------------------------------------------- what is on the disk
# Transcripts, the newest first, as "mtime<TAB>path": files below a project that a session id names.
_ccr_files() {
  find "$(_ccr_config)/projects/" -mindepth 2 -maxdepth 2 -type f -regextype posix-extended \
    -regex '.*/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl' -printf '%T@\t%p\n' 2>/dev/null | sort -rn
}
_ccr_path() { _ccr_files | cut -f2 | grep -m1 -F "/$1.jsonl"; }

# Lines of the history from its end, so many that they hold this number of conversations; all without a number.
_ccr_typed() {
  local history lines=2000
  history=$(_ccr_config)/history.jsonl
  [[ -f $history && -r $history ]] || return 0
  [[ $1 ]] || { cat -- "$history"; return; }
  while (($(tail -n $lines -- "$history" | grep -ao '"sessionId": *"[^"]*"' | sort -u | wc -l) < $1)) &&
    (($(tail -n $lines -- "$history" | grep -ac '') == lines)); do lines=$((lines * 8)); done
  tail -n $lines -- "$history"
}

# The lines of transcripts (paths on stdin) after their names; an unreadable one is passed by.
_ccr_contents() { xargs -r -d '\n' sed -s -e 1F -e 's/^/T\t/' -- 2>/dev/null; }

# What a filter makes of every conversation, newest first; with a number, of at least that many of the newest.
_ccr_conversations() {
  local limit=$1 needle=$2 filter=$3 files
  shift 3
  files=$(_ccr_files)
  {
    [[ $files ]] && sed 's/^/M\t/' <<<"$files"
    _ccr_typed "$limit" | sed 's/^/H\t/'
    echo
    [[ $files ]] && head -n "${limit:-9999999}" <<<"$files" | cut -f2 | _ccr_contents
  } | _ccr_jq -cnR --arg needle "$needle" "$@" "conversations(\$needle) | $filter"
}

ccr_list() { _ccr_conversations "$1" '' 'map(entry)[:$limit]' --argjson limit "$1"; }

ccr_find() {
  _ccr_conversations '' "$1" 'map(select(.hit or (.project | holds($needle))) | entry)[:$limit]' --argjson limit "$2"
}

ccr_current() {
  _ccr_conversations '' '' 'map(select(.project == $cwd) | entry)[0]' --arg cwd "$(realpath -m -- "$1")"
}

# The one id that begins so, as a JSON text.
ccr_resolve() {
  local id found=()
  if [[ $1 ]]; then
    while IFS= read -r id; do [[ $id == "${1,,}"* ]] && found+=("$id"); done < <(
      {
        _ccr_files | sed -E 's/.*\/(.{36})\.jsonl$/\1/'
        _ccr_typed | grep -aoiE '"sessionId": *"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"' | grep -oE '.{37}$' | tr -d '"'
      } | sort -u)
  fi
  case ${#found[@]} in
    0) _ccr_refuse not_found "no session id begins with '$1'" ;;
    1) echo "\"${found[0]}\"" ;;
    *) _ccr_refuse ambiguous "${#found[@]} session ids begin with '$1'" ;;
  esac
}

# ---------------------------------------------------------------------- resuming
_ccr_claude() {
  env -u CLAUDECODE -u CLAUDE_CODE_CHILD_SESSION -u CLAUDE_CODE_SESSION_ID -u CLAUDE_CODE_SSE_PORT "${CCR_CLAUDE:-claude}" "$@"
}

# Resume a session in its directory with the prompt on stdin; a DispatchResult.
_ccr_turn() {
  local id=$1 cwd=$2 out
  [[ -d $cwd ]] || { cat >/dev/null; _ccr_refuse cwd_missing "the directory of $id is gone: $cwd"; return; }
  out=$(cd -- "$cwd" && _ccr_claude -p --output-format json --resume "$id" 2>&1)
  jq -cnR --arg id "$id" '
    [inputs] as $lines | ([$lines[] | fromjson? | if type == "array" then .[] else . end | objects | select(.type == "result")] | last) as $r
    | ([$r.result, $r.errors[]?, $lines[]] | map(strings) | join("\n")) as $said
    | if $r != null and ($r.is_error | not) then {ok: true, session_id: $r.session_id, resumed: true, text: ($r.result // ""), error: null, warnings: []}
      else {ok: false, session_id: $id, resumed: false, text: $said[:500], warnings: [],
        error: (if $said | contains("No conversation found") then "not_found"
          elif $r.api_error_status == 429 or ($said | test("hit your|usage limit|limit reached|cap reached|out of extra usage"; "i")) then "rate_limited"
          elif ($said | test("API key|/login")) then "auth" elif ($said | test("background agent")) then "busy" else "claude_failed" end)} end' <<<"$out"
}

# _ccr_resume ID: the prompt on stdin.
_ccr_resume() ( # a shell of its own, whose end lets go of the lock
  local id path cwd
  id=$(ccr_resolve "$1") || { echo "$id"; return 3; }
  id=${id//\"/}
  path=$(_ccr_path "$id") || { _ccr_refuse not_found "the transcript of $id is gone"; return; }
  cwd=$(_ccr_contents <<<"$path" | _ccr_jq -nrR 'conversations("")[] | select(.spoken) | .cwd // "?"')
  [[ $cwd ]] || { _ccr_refuse not_found "$path holds no conversation"; return; }
  { exec 9>"$(_ccr_state)/$id.lock"; } 2>/dev/null || { cat >/dev/null; _ccr_unlockable "$id"; return; }
  flock 9 && _ccr_turn "$id" "$cwd"
)

_ccr_unlockable() { _ccr_refuse unwritable "cannot write the lock of $1"; }

# A refusal on stdin, as the result of resuming a session.
_ccr_failed() { jq -c --arg id "$1" '{ok: false, session_id: $id, resumed: false, text: .message, error: .data.kind, warnings: []}'; }

# ---------------------------------------------------------------------- usage limits
# When a limit ends, in epoch seconds; nothing where Claude did not say.
_ccr_resets() {
  local cut=$1 written clock zone date try at
  read -r written at <<<"$(jq -r '"\(.written // 0 | . / 1000 | floor) \(.resets.epoch // "")"' <<<"$cut")"
  [[ $at ]] && { echo "$at"; return; }
  clock=$(jq -r '.resets.clock // ""' <<<"$cut")
  [[ $clock ]] && ((written)) || return 0
  zone=$(jq -r --arg own "${TZ-}" '.resets.zone // $own' <<<"$cut")
  [[ ! $zone || $zone == UTC || -e ${TZDIR:-/usr/share/zoneinfo}/$zone ]] || return 0
  date=$(jq -r '.resets | if .month then "\(.month) \(.day)" else "" end' <<<"$cut")
  # The first such time after the record was written; the text leaves its seconds out.
  for ((try = 0; try < 9; try++)); do
    if [[ $date ]]; then
      at="$date $(($(TZ=$zone date -d "@$written" +%Y) + try)) $clock"
    else
      at="$(TZ=$zone date -d "@$written" +%F) $clock $try days"
    fi
    at=$(TZ=$zone date -d "$at" +%s 2>/dev/null) && ((at >= written - 60)) && { echo "$at"; return; }
  done
}

# What limits cut off (all, or one id), each as {session_id, cwd, prompt, resets_at in epoch seconds or null}.
_ccr_cut_off() {
  local cut files
  files=$(_ccr_files)
  [[ $files ]] || return 0
  { sed 's/^/M\t/' <<<"$files"; cut -f2 <<<"$files" | _ccr_contents; } |
    _ccr_jq -cnR --arg id "$1" 'cut_off[] | select($id == "" or .session_id == $id)' |
    while IFS= read -r cut; do jq -c --arg at "$(_ccr_resets "$cut")" '{session_id, cwd, prompt, resets_at: ($at | tonumber? // null)}' <<<"$cut"; done
}

ccr_limited() { _ccr_cut_off | jq -cs 'map({session_id, cwd, resets_at: (.resets_at | if . then todate else null end)})'; }

_ccr_due() { jq -e --argjson now "${CCR_NOW:-$(date +%s)}" '.resets_at == null or .resets_at <= $now' >/dev/null; }

# Resume what is due, one after the other; a list of DispatchResults.
ccr_recover() {
  local cut id result logs
  logs=$(_ccr_config)/resume-logs
  _ccr_cut_off | while IFS= read -r cut; do
    _ccr_due <<<"$cut" || continue
    id=$(jq -r .session_id <<<"$cut")
    (
      { exec 9>"$(_ccr_state)/$id.lock"; } 2>/dev/null || { _ccr_unlockable "$id" | _ccr_failed "$id"; exit; }
      flock -n 9 || exit 0
      cut=$(_ccr_cut_off "$id") # looked at again, now that nobody else can be at it
      [[ $cut ]] && _ccr_due <<<"$cut" || exit 0
      result=$(jq -j .prompt <<<"$cut" | _ccr_turn "$id" "$(jq -r .cwd <<<"$cut")") ||
        result=$(_ccr_failed "$id" <<<"$result")
      (umask 077 && mkdir -p -- "$logs" && jq -c --arg at "$(date -u +%FT%TZ)" '{at: $at} + .' <<<"$result" >>"$logs/$id.log")
      echo "$result"
    ) </dev/null
  done | jq -cs .
}

# ---------------------------------------------------------------------- tmux
_ccr_tmux() { env -u TMUX -u TMUX_PANE tmux "$@" 2>/dev/null; }
_ccr_scope() { _ccr_config | sha256sum | cut -c-12; }

# This config dir's sessions, as "id windows mark name".
_ccr_own() { _ccr_tmux list-sessions -F '#{session_id} #{session_windows} #{@ccr} #{session_name}' | grep -E "^[^ ]+ [0-9]+ $(_ccr_scope) "; }

ccr_tmux_list() { _ccr_own | jq -cnR '[inputs / " " | {name: .[3:] | join(" "), windows: .[1] | tonumber}]'; }

# A file that a window runs: a tmux server would hand on its own, older environment, and a command line shows secrets.
_ccr_launch() {
  local file=$1 cwd=$2
  shift 2
  (
    umask 077
    unset TMUX TMUX_PANE TERM CLAUDECODE CLAUDE_CODE_CHILD_SESSION CLAUDE_CODE_SESSION_ID CLAUDE_CODE_SSE_PORT CCR_NOW
    {
      echo 'while IFS= read -r n; do [[ $n == @(TERM|TMUX|TMUX_PANE) ]] || unset -v "$n"; done < <(compgen -e); unset n'
      export -p | grep -vE '^declare -[a-z]*r'
      printf 'rm -f -- %q; cd -- %q && exec' "$file" "$cwd"
      printf ' %q' "$@"
    } >"$file"
  )
}

ccr_tmux_start() {
  local cwd id=$2 name note own current windows
  cwd=$(realpath -e -- "$1" 2>/dev/null) && [[ -d $cwd ]] || { _ccr_refuse cwd_missing "there is no directory $1"; return; }
  [[ ! $id ]] || _ccr_path "$id" >/dev/null || { _ccr_refuse not_found "there is no session $id"; return; }
  name=claude-$(basename -- "$cwd" | tr -cs 'A-Za-z0-9_\n' - | cut -c-40)-$(printf %s "$cwd $(_ccr_scope)" | sha256sum | cut -c-8)
  note=$(_ccr_state)/$name
  own=$(_ccr_own | grep " $name$")
  if [[ ! $own ]]; then
    # What was open when a server died is in the note, or was typed since.
    if [[ ! $id && -f $note ]]; then
      id=$(<"$note")
      current=$(ccr_current "$cwd" | jq -r --arg since "$(date -ur "$note" +%FT%T.%3N)" 'select(. and .resumable and .timestamp >= $since).session_id')
      id=${current:-$id}
    fi
    _ccr_launch "$note.claude" "$cwd" "${CCR_CLAUDE:-claude}" ${id:+--resume "$id"}
    _ccr_launch "$note.shell" "$cwd" "${SHELL:-/bin/sh}"
    _ccr_launch "$note.log" "$cwd" tail -n 50 -F "$(_ccr_config)/debug/latest"
    printf %s "$id" >"$note"
    _ccr_tmux new-session -d -s "$name" -n claude bash --norc "$note.claude" \; set-option -t "=$name:" @ccr "$(_ccr_scope)" \; \
      new-window -d -t "=$name:" -n shell bash --norc "$note.shell" \; new-window -d -t "=$name:" -n log bash --norc "$note.log" ||
      { _ccr_refuse claude_failed "tmux could not open $name"; return; }
  fi
  read -r _ windows _ <<<"$(_ccr_own | grep " $name$")"
  printf '{"name": "%s", "windows": %s}\n' "$name" "${windows:-0}"
}

ccr_tmux_kill() {
  local id
  id=$(_ccr_own | while read -r id _ _ name; do [[ $name == "$1" ]] && echo "$id"; done)
  [[ $id ]] || { _ccr_refuse not_found "there is no tmux session '$1' of ccr's"; return; }
  _ccr_tmux kill-session -t "$id"
  rm -f -- "$(_ccr_state)/$1"
  echo null
}

# ---------------------------------------------------------------------- export
# ccr_export ID DESTINATION: a new .jsonl, .tar.gz or .zip file, or a new directory.
ccr_export() {
  local id path to=$2 stage status
  id=$(ccr_resolve "$1") || { echo "$id"; return 3; }
  id=${id//\"/}
  path=$(_ccr_path "$id") || { _ccr_refuse not_found "the transcript of $id is gone"; return; }
  [[ ! -e $to && ! -L $to ]] || { _ccr_refuse unwritable "$to is there already"; return; }
  stage=$(umask 077 && mktemp -d "$to.XXXXXX" 2>/dev/null) || { _ccr_refuse unwritable "cannot write beside $to"; return; }
  (umask 077 && _ccr_stage "$path" "$stage/all" && _ccr_pack "$stage" "$to") && status=0 || status=$?
  rm -rf -- "$stage"
  ((status == 0)) && jq -cn --arg to "$to" '$to' || _ccr_refuse unwritable "cannot write $to, or it is there by now"
}

# Copy a session's files: of transcripts the lines that are records, and a note of what was left out.
_ccr_stage() {
  local path=$1 to=$2 dir file lost note=()
  dir=$(dirname -- "$path")
  mkdir -- "$to" || return
  while IFS= read -r -d '' file; do
    mkdir -p -- "$(dirname -- "$to/$file")"
    if [[ -L $dir/$file || ! -f $dir/$file ]]; then
      note+=("$file: a link or a device")
    elif [[ $file == *.jsonl ]]; then
      _ccr_jq -Rr 'select([record] != [])' <"$dir/$file" >"$to/$file" || return
      lost=$(($(grep -ac '[^[:space:]]' "$dir/$file") - $(grep -c '' "$to/$file")))
      ((lost == 0)) || note+=("$file: $lost lines that are no records")
    else
      cp -- "$dir/$file" "$to/$file" || return
    fi
  done < <(cd -- "$dir" && printf '%s\0' "${path##*/}" && find "$(basename -- "$path" .jsonl)" ! -type d -print0 2>/dev/null)
  ((${#note[@]} == 0)) || jq -cn '{type: "export-note", left_out: $ARGS.positional}' --args "${note[@]}" >"$to/export-note.jsonl"
}

# Give the export its name in one step; a name that is taken by then stays as it is.
_ccr_pack() {
  local stage=$1 to=$2 file
  case $to in
    *.tar.gz) tar -C "$stage/all" -czf "$stage/out" . ;;
    *.zip) (set -o pipefail && cd -- "$stage/all" && zip -qr - . | cat >../out) ;; # zip itself misses errors of the disk
    *.jsonl)
      find "$stage/all" -type f -print0 | sort -z | while IFS= read -r -d '' file; do
        if [[ $file == *.jsonl ]]; then cat -- "$file"; else
          base64 -w0 <"$file" | jq -cR --arg path "${file#"$stage/all/"}" '{type: "export-file", path: $path, encoding: "base64", content: .}'
        fi || exit
      done >"$stage/out" ;;
    *) mkdir -- "$to" 2>/dev/null && { cp -R -- "$stage/all/." "$to" || { rm -rf -- "$to"; false; }; }; return ;;
  esac && ln -T -- "$stage/out" "$to" 2>/dev/null
}

# ---------------------------------------------------------------------- for people
_ccr_rows() { jq -r '.[] | "\(.timestamp[:16] | sub("T"; " ")) | \(.session_id[:8]) | \(.project) | \(.display[:80])\(if .resumable then "" else " (gone)" end)"'; }
ccr-list() { ccr_list "${1:-20}" | _ccr_rows; }
ccr-find() { ccr_find "$1" "${2:-20}" | _ccr_rows; }
ccr-current() { ccr_current "${1:-$PWD}" | jq 'if . then [.] else [] end' | _ccr_rows; }
ccr() { printf %s "${2:-continue}" | _ccr_resume "$1" | jq -r '.text // .message'; }
ccra() { ccr_recover | jq -r '.[] | "\(.session_id): \(if .ok then "resumed" else .error end)"'; }
cct() { ccr_tmux_start "${2:-$PWD}" "${1-}" | jq -r '.name // .message'; }
cct-list() { ccr_tmux_list | jq -r '.[] | "\(.name): \(.windows) windows"'; }
cct-kill() { ccr_tmux_kill "$1" | jq -r '.message? // "ended"'; }
ccr-export() { ccr_export "$1" "${2:-$1.tar.gz}" | jq -r '.message? // .'; }

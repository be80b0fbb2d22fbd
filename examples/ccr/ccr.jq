# What the lines of history.jsonl and of transcripts tell. Every line may be anything.

def uuid: type == "string" and test("\\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\z"; "i");

def text: if type == "string" then . else "" end;

# A line's object, or nothing. jq 1.6 refuses half of a surrogate pair, which Claude writes.
def record:
  def whole: gsub("\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}"; "\\ufffd");
  . as $line | (try fromjson catch (if $line | test("\\\\u[dD]") then try ($line | whole | fromjson) catch null else null end)) | objects;

# Epoch milliseconds from epoch milliseconds, from seconds (by their size) or from an ISO text; else null.
def ms:
  if type == "number" then
    if . >= 1e11 and . < 1e15 then floor elif . >= 1e9 and . < 1e11 then . * 1000 | floor else null end
  elif type == "string" then
    (try (capture("^(?<s>[0-9-]{10}T[0-9:]{8})(\\.(?<f>[0-9]{1,3}))?[0-9]*Z$")
      | (.s + "Z" | fromdate) * 1000 + ((.f // "0") + "00" | .[:3] | tonumber)) catch null) // null
  else null end;

# When a record was written. Collected at once: jq 1.6 lets a `try` catch what comes after it, `|=` included.
def when: [.timestamp? | ms] | first;

def rfc3339: (. / 1000 | floor | strftime("%Y-%m-%dT%H:%M:%S")) + "." + (. % 1000 + 1000 | tostring | .[1:]) + "Z";

# A text that a terminal shows as one row.
def readable:
  def hex: [. / 16 | floor, . % 16] | map("0123456789abcdef"[.:. + 1]) | add;
  .[:1000] | explode
  | map(if . < 32 or (. >= 127 and . < 160) then "\\x" + hex | explode[] else . end) | implode;

# Whether a text holds another one, taken literally, ignoring case.
def holds($needle): $needle == "" or test($needle | gsub("(?<c>[!-/:-@\\[-`{-~])"; "\\\(.c)"); "i");

def spoken: (.type == "user" or .type == "assistant") and (.message | type) == "object" and (.isSidechain | not);
def said: .message.content
  | if type == "array" then [.[] | objects | select(.type == "text") | .text | strings] | join("\n") else text end;
def asked: spoken and .type == "user" and (.isMeta | not) and (.isCompactSummary | not)
  and ([.message.content | arrays[] | objects | select(.type == "tool_result")] | length) == 0;

def id_of: sub("\\.jsonl$"; "") | .[-36:];

# Conversations, newest first, from lines that are marked:
# "M <mtime> <path>" a transcript that exists, "H ..." of the history, "/..." now comes this file, "T ..." its lines.
def conversations($needle):
  reduce inputs as $line ({all: {}};
    $line[:2] as $mark
    | if $mark == "M\t" then ($line / "\t") as $m | .all[$m[2] | id_of] = {at: ($m[1] | tonumber * 1000 | floor), path: $m[2]}
      elif $mark[:1] == "/" then .id = ($line | id_of) | .all[.id].opened = true
      else ([$line[2:] | record] | first) as $r | ($r | when) as $at
      | if $r == null then .
        elif $mark == "H\t" then
          if ($r.sessionId | uuid) and $at != null then
              .all[$r.sessionId] |= ((. // {})
                | if (.typed // 0) <= $at then .typed = $at | .prompt = ($r.display | text) | .project = ($r.project | text) else . end
                | .hit = (.hit or ($r.display | text | holds($needle))))
            else . end
        elif .id != null then
          .all[.id] |= (.cwd = (.cwd // ($r.cwd | strings) // null) | .ended = ($at // .ended)
            | if $r | asked then ($r | said) as $said
                | .first = (.first // $said) | .hit = (.hit or ($said | holds($needle))) else . end
            | .spoken = (.spoken or ($r | spoken)))
        else . end end)
  | [.all | to_entries[] | .value + {session_id: .key}
      | .resumable = (.path != null and (.spoken or (.opened | not)))
      | select(.typed != null or .spoken)
      | .project = (.cwd // .project // "")
      | .at = ([.typed, if .spoken then .ended // .at else null end] | max)]
  | sort_by([-.at, .session_id]);

def entry: {session_id, project: (.project | readable), display: (.prompt // .first // "" | readable),
  timestamp: (.at | rfc3339), resumable};

# ---------------------------------------------------------------------- usage limits

# Claude's own record of a limit; what was merely said never counts.
def limit:
  .type == "assistant" and .isApiErrorMessage == true
  and (.error == "rate_limit" or .apiError == "usage_limit_reached" or .apiErrorType == "rate_limit_error"
    or .apiErrorStatus == 429
    or ((.error == null or .error == "" or .error == "unknown") and (.apiErrorStatus | type) != "number"
      and (said | test("\\A(Claude (AI )?usage limit reached|You['’]ve hit your ([\\w-]+ ){0,3}limit|([\\w-]+ ){0,3}limit reached|Spending cap reached|You['’]re (now )?out of extra usage|API Error: (429\\b|Request rejected \\(429\\)|Rate limit reached))"; "i"))));

# What the conversation itself says; not what the terminal does by itself.
def event: spoken and .isMeta != true and (.type == "assistant" or (said | test("\\A<(command|local-command|bash)-") | not));

# {epoch} in seconds, or {month, day, year, clock, zone} to be counted from the record, or {}.
def resets:
  ([.apiErrorParams.rate_limit_info.resetsAt?, .quotaLimits.resetsAt?
    | numbers | if . > 1e11 then . / 1000 else . end | floor] | first) as $field
  | said
  | if $field then {epoch: $field}
    elif test("\\|[0-9]{9,13}") then {epoch: (capture("\\|(?<n>[0-9]{9,13})").n | tonumber | if . > 1e11 then . / 1000 | floor else . end)}
    else (capture("\\bresets? (at )?((?<month>[A-Z][a-z]{2})[a-z]* (?<day>[0-9]{1,2})(, (?<year>[0-9]{4}))?(,| at)? )?(?<clock>[0-9]{1,2}(:[0-9]{2})? ?[ap]m)( \\((?<zone>[^()]+)\\))?"; "i") // {}) end;

# The conversations that end with a limit: marked lines as above, without the history.
def cut_off:
  def marks: [.uuid, .message.id] | map(strings);
  reduce inputs as $line ({all: {}};
    $line[:2] as $mark
    | if $mark == "M\t" then ($line / "\t") as $m | .all[$m[2] | id_of] = {at: ($m[1] | tonumber), path: $m[2], marks: []}
      elif $mark[:1] == "/" then .id = ($line | id_of)
      else ([$line[2:] | record] | first) as $r
      | if $r == null then . else
          .all[.id] |= (.cwd = (.cwd // ($r.cwd | strings) // null)
            | if ($r | asked) and ($r | event) and ($r | said | test("\\S")) then .prompt = ($r | said) else . end
            | if $r | event then .last = $r else . end
            | if $r | limit then .marks += ($r | marks) else . end) end end)
  | .all | to_entries | map(.value + {session_id: .key}) | . as $all
  | map(select(.last != null and (.last | limit) and .cwd != null) | . as $cut
      # An older release copies a conversation that it resumes: then its limit is in a younger transcript too.
      | select([$all[] | select(.session_id != $cut.session_id and .at >= $cut.at) | .marks[]]
          | any(. as $m | $cut.last | marks | index([$m]) != null) | not)
      | {session_id, cwd, prompt: (.prompt // "continue"), written: (.last.timestamp | ms), resets: (.last | resets)})
  | sort_by(.written);

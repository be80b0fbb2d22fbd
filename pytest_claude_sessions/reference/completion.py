"""Completion for bash: of commands, options and the ids of conversations (source 003)."""

from __future__ import annotations

import shlex
import sys

_SCRIPT = """\
# claude-sessions, with completion; put this into ~/.bashrc:
#   source <(@python@ -m pytest_claude_sessions.reference completion bash)
claude-sessions() { @python@ -m pytest_claude_sessions.reference "$@"; }

_claude_sessions() {
    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command="${COMP_WORDS[1]}"
    COMPREPLY=()
    case "$before" in
        --config-dir | --state-dir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
        --claude) mapfile -t COMPREPLY < <(compgen -c -- "$word"); return ;;
        --session) mapfile -t COMPREPLY < <(claude-sessions ids -- "$word" 2> /dev/null); return ;;
    esac
    if [[ "$word" == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "@options@" -- "$word")
    elif (( COMP_CWORD == 1 )); then
        mapfile -t COMPREPLY < <(compgen -W "@commands@" -- "$word")
    elif [[ "$command" == tmux ]]; then
        case "$COMP_CWORD:$before" in
            2:*) mapfile -t COMPREPLY < <(compgen -W "start list kill" -- "$word") ;;
            3:start) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
            3:kill) mapfile -t COMPREPLY < <(compgen -W "$(claude-sessions ids --tmux 2> /dev/null)" -- "$word") ;;
        esac
    elif (( COMP_CWORD == 2 )); then
        case "$command" in
            resume | export) mapfile -t COMPREPLY < <(claude-sessions ids -- "$word" 2> /dev/null) ;;
            current) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
            completion) mapfile -t COMPREPLY < <(compgen -W "bash" -- "$word") ;;
        esac
    elif [[ "$command" == export ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -F _claude_sessions claude-sessions
"""


def bash_script(commands: list[str], options: list[str]) -> str:
    """The script that defines the command `claude-sessions` and completes it.

    :param commands: what may stand first
    :param options: what may stand anywhere after it
    """
    script = _SCRIPT.replace("@python@", shlex.quote(sys.executable))
    return script.replace("@commands@", " ".join(commands)).replace("@options@", " ".join(options))

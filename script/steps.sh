# What the scripts beside this file share: where the checkout is, and how a step is announced, timed and logged.
# shellcheck shell=bash disable=SC2034

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
CACHE=$ROOT/.cache
SCRIPT=script/$(basename "$0")
STARTED=$(date +%s)

export LC_ALL=C.UTF-8
cd "$ROOT"
mkdir -p "$CACHE"

# say TEXT…: what happens next, for a person.
say() { printf '==> %s\n' "$*"; }

# fail TEXT…: end with a sentence that says what to do.
fail() {
  printf '%s: %s\n' "$SCRIPT" "$*" >&2
  exit 1
}

# elapsed SINCE: seconds since a time of `date +%s`, as a person says it.
elapsed() {
  local s=$(($(date +%s) - $1))
  if ((s < 60)); then echo "$s s"; else echo "$((s / 60)) min $((s % 60)) s"; fi
}

# step TEXT COMMAND…: say it, run it with its output in a log, show the log's end if it fails.
step() {
  local text=$1 since log status
  shift
  since=$(date +%s)
  log=$(mktemp "$CACHE/step.XXXXXX")
  say "$text"
  # Neither `if` nor `||` here: they would turn off errexit inside a function that is run as a step.
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1
  status=$?
  set -e
  if [ "$status" = 0 ]; then
    printf '    done in %s\n' "$(elapsed "$since")"
    rm -f "$log"
    return 0
  fi
  printf '    failed after %s; the last lines it wrote:\n' "$(elapsed "$since")" >&2
  tail -n 40 "$log" >&2
  rm -f "$log"
  fail "could not finish: $text"
}

# as_root COMMAND…: run it as root, by sudo where this is not root.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=DEBIAN_FRONTEND "$@"
  else
    fail "this needs root (for: $*); run it as root, or install sudo"
  fi
}

#!/usr/bin/env bash
# Runs `swift test` with the given arguments and shows what is wrong, last of all the closing line; all that was printed is in .build/test.log.
set -uo pipefail
mkdir -p .build
log=.build/test.log

# A line a moment tells that it goes on, where somebody looks.
"${SWIFT:-swift}" test "$@" 2>&1 | tee "$log" | awk -v terminal="$([ -t 1 ] && echo 1)" '
  terminal && /^\[[0-9]+\/[0-9]+\]/ { printf "\r%.110s\033[K", $0; fflush(); next }
  terminal && /^✔ Test / { printf "\r%d passed\033[K", ++passed; fflush() }
  END { if (terminal) printf "\r\033[K" }'
status=${PIPESTATUS[0]}

if [ "$status" -ne 0 ]; then
  # What failed, and what the compiler said; a process that ended says why in its last lines.
  grep -E '(^|[^a-z])(error|warning): |^✘|Fatal error|recorded an issue' "$log" | grep -vE '^✘ (Suite|Test run)' | awk '!seen[$0]++' | tail -n 60
  grep -qE '^✘|error: ' "$log" || tail -n 40 "$log"
fi
grep -E 'Test run with [0-9]+ tests|Executed [0-9]+ tests' "$log" | tail -n 1
exit "$status"

#!/usr/bin/env bash
# Prints the path of a usable Python: of the version given (3.13), or of any from 3.11 on. Prints nothing if there is none.
# A name on PATH is not enough: a shim may point nowhere, and some systems split venv and ensurepip off.
set -u
usable='import sys, venv, ensurepip
wanted = tuple(map(int, sys.argv[1:]))
found = sys.version_info[:2]
if found < (3, 11) or wanted not in ((), found):
    sys.exit(1)
print(sys.executable)'
wanted=${1:-}
for version in ${wanted:-3.11 3.12 3.13 3.14}; do
    candidates=$(type -aP "python$version" python3 python)
    for path in $candidates "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
        # shellcheck disable=SC2086  # 3.13 becomes two arguments
        "$path" -c "$usable" ${version/./ } 2>/dev/null && exit 0
    done
done
"$(command -v python3)" -c "$usable" ${wanted/./ } 2>/dev/null
exit 0

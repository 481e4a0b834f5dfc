# Sourced by the scripts: finds a Python (3.11 or newer, with venv) as $python, and the project's folder as $root.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
python=
too_old=
without_venv=

for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
    path=$(command -v "$candidate" 2>/dev/null) || continue
    if ! "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        version=$("$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        too_old="$too_old $version"
    elif ! "$path" -c 'import ensurepip, venv' 2>/dev/null; then
        without_venv=${without_venv:-$("$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])')}
    else
        python=$path
        break
    fi
done

if [ -z "$python" ]; then
    if [ -n "$without_venv" ]; then
        echo "script/${0##*/}: Python $without_venv is here without its venv module; on Debian or Ubuntu install it with: apt install python3-venv" >&2
    elif [ -n "$too_old" ]; then
        echo "script/${0##*/}: the help desk needs Python 3.11 or newer, and found only$too_old." >&2
    else
        echo "script/${0##*/}: the help desk needs Python 3.11 or newer, and found none." >&2
    fi
    exit 1
fi

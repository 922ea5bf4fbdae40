#!/bin/bash
# SPDX-License-Identifier: MIT
# make_venv.sh [FOLDER] - makes the Python environment of the tests, if it is not there, and prints its python
#
# FOLDER is build/venv of the checkout when not given. Safe to call from several tests at once.
set -eu
source_root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$source_root/build/venv}
requirements=$source_root/tests/requirements.txt
# the machine's authorities rather than pip's own: networks that look into connections have theirs there
authorities=/etc/ssl/certs/ca-certificates.crt
[ -n "${PIP_CERT:-}" ] || [ ! -s $authorities ] || export PIP_CERT=$authorities
mkdir -p "$folder"
exec 9>"$folder/.lock"
flock 9

if ! cmp -s "$requirements" "$folder/.requirements"; then
    log=$folder/.log
    if ! { python3 -m venv "$folder" &&
        "$folder/bin/python" -m pip install --disable-pip-version-check --no-deps --only-binary :all: \
            --require-hashes -r "$requirements"; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "make_venv.sh: cannot make the Python environment of the tests in $folder; is python3-venv installed" \
            "(tools/setup.sh) and the network up?" >&2
        exit 1
    fi
    cp "$requirements" "$folder/.requirements"
fi
echo "$folder/bin/python"

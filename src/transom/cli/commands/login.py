"""`transom login` and `logout`: the engine proves the credentials, this side keeps them."""

import sys

from transom.cli import flags as flag
from transom.cli.command import Arity, Command
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.session import Session
from transom.cli.terminal import STDIN, is_terminal
from transom.client.credentials import HUB_KEY, erase, key_of, store

AT_MOST_ONE = Arity(0, 1)


def _login(session: Session, values: Values, names: list[str]) -> None:
    key = key_of(names[0] if names else "")
    username, password = values.text("username"), values.text("password")
    if password:
        print("WARNING! Using --password via the CLI is insecure. Use --password-stdin.", file=sys.stderr)
    if values.on("password-stdin"):
        if password:
            raise CliError("--password and --password-stdin are mutually exclusive")
        if not username:
            raise CliError("Must provide --username with --password-stdin")
        password = sys.stdin.read().rstrip("\r\n")
    known = session.config.credentials(key)
    if not username and not password and known:
        print("Authenticating with existing credentials...")
        answer = _prove(session, key, known)
    else:
        username, password = _ask(username, password)
        answer = _prove(session, key, {"username": username, "password": password})
        kept = store(session.config, key, username, password, str(answer.get("IdentityToken") or ""))
        if kept is not None:
            print(f"\nWARNING! Your credentials are stored unencrypted in '{kept}'.", file=sys.stderr)
            print("Configure a credential helper to remove this warning.\n", file=sys.stderr)
    print(answer.get("Status") or "Login Succeeded")


def _prove(session: Session, key: str, auth: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = session.client.post("/auth", body={**auth, "serveraddress": key})
    return found


def _ask(username: str, password: str) -> tuple[str, str]:
    if (not username or not password) and not is_terminal(STDIN):
        raise CliError("Error: Cannot perform an interactive login from a non TTY device")
    if not username:
        username = input("Username: ").strip()
        if not username:
            raise CliError("Error: Non-null Username Required")
    if not password:
        from getpass import getpass

        password = getpass("Password: ")
        if not password:
            raise CliError("Error: Password Required")
    return username, password


def _logout(session: Session, values: Values, names: list[str]) -> None:
    key = key_of(names[0] if names else "")
    print(f"Removing login credentials for {key}")
    if not erase(session.config, key):
        print(f"Not logged in to {key if key != HUB_KEY else 'Docker Hub'}")


LOGIN = Command(
    "[OPTIONS] [SERVER]",
    "Authenticate to a registry",
    _login,
    (
        flag.text("password", "Password or Personal Access Token (PAT)", short="p"),
        flag.switch("password-stdin", "Take the Password or Personal Access Token (PAT) from stdin"),
        flag.text("username", "Username", short="u"),
    ),
    AT_MOST_ONE,
)
LOGOUT = Command("[SERVER]", "Log out from a registry", _logout, (), AT_MOST_ONE)

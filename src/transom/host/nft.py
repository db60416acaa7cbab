"""nftables: whole tables as text through libnftables, single elements by netlink.

A table is written rarely and read by people, so it is text; an element is added and removed at every start, and
libnftables would first fetch the rule set for each (measured in docs/adr/0030).
Source: man page libnftables-json(5), nft(8); Linux include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h.
"""

import ctypes
import errno
import functools
import os
import signal
import socket
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from transom.errors import TransomError, Unavailable
from transom.host.netlink import CREATE, NETFILTER, Message, Netlink, NetlinkError, attribute, nested
from transom.host.netlink import text as c_text

_SUBSYSTEM = 10
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_NEW_ELEMENT, _DELETE_ELEMENT = _SUBSYSTEM << 8 | 12, _SUBSYSTEM << 8 | 14
_TABLE, _SET, _ELEMENTS = 1, 2, 3
_LIST_ITEM, _KEY, _DATA, _VALUE = 1, 1, 2, 1
_FAMILY_IPV4 = 2
_EVENTS_GROUP = 7
_NEW_GENERATION = _SUBSYSTEM << 8 | 15
_GENERATION_PID = 2
_TIMEOUT_S = 20.0


class NftError(TransomError):
    """nftables refused commands; the text is its own."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a set, or of a map when data is given: packed as the kernel keeps them.

    Each part of a concatenation is in network order, padded to four bytes.
    """

    set_name: str
    key: bytes
    data: bytes = b""


@functools.cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libnftables.so.1")
    except OSError as exc:
        raise Unavailable("libnftables.so.1 is missing: install nftables (apt install nftables)") from exc
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_new.argtypes = [ctypes.c_uint32]
    library.nft_ctx_free.argtypes = [ctypes.c_void_p]
    library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
        getattr(library, name).restype = ctypes.c_char_p
    library.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
    return library


def run(commands: str, *, json: bool = False) -> str:
    """Run commands as one transaction in the calling thread's network namespace; return what they print.

    In a process of its own: libnftables reads everybody's rules, and some that others write make it crash (1.0.6:
    a call through a null pointer), which must not end the engine.

    Raises:
        NftError: one was refused, or nft crashed; none has been carried out.
        Unavailable: nft is not installed.
    """
    try:
        done = subprocess.run(
            # With -j a file of commands is expected to be JSON, an argument is not.
            ["nft", "-j", commands] if json else ["nft", "-f", "-"],
            input=b"" if json else commands.encode(),
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except FileNotFoundError as exc:
        raise Unavailable("nft is missing: install nftables (apt install nftables)") from exc
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise NftError(f"nft did not run: {exc}") from exc
    if done.returncode < 0:
        raise NftError(f"nft crashed on the rules that are on this host ({signal.Signals(-done.returncode).name})")
    if done.returncode:
        raise NftError(f"nftables: {done.stderr.decode(errors='replace').strip() or 'refused'}")
    return done.stdout.decode(errors="replace")


def run_here(commands: str, *, json: bool = False) -> str:
    """Do what `run` does without a process, in a namespace whose rules are all our own.

    Raises:
        NftError: one was refused; none has been carried out.
        Unavailable: libnftables is not installed.
    """
    library = _library()
    context = library.nft_ctx_new(0)
    if not context:
        raise NftError("cannot open nftables")
    try:
        library.nft_ctx_buffer_output(context)
        library.nft_ctx_buffer_error(context)
        library.nft_ctx_output_set_flags(context, (1 << 4) if json else 0)
        code = library.nft_run_cmd_from_buffer(context, commands.encode())
        if code != 0:
            problem = (library.nft_ctx_get_error_buffer(context) or b"").decode(errors="replace").strip()
            raise NftError(f"nftables: {problem or 'refused'}")
        return (library.nft_ctx_get_output_buffer(context) or b"").decode(errors="replace")
    finally:
        library.nft_ctx_free(context)


def _batch(message_type: int, flags: int, table: str, elements: Sequence[Element]) -> list[Message]:
    edge = struct.pack(">BBH", 0, 0, _SUBSYSTEM)
    batch = [Message(_BATCH_BEGIN, 0, edge, answered=False)]
    for element in elements:
        parts = [nested(_KEY, attribute(_VALUE, element.key))]
        if element.data:
            parts.append(nested(_DATA, attribute(_VALUE, element.data)))
        payload = struct.pack(">BBH", _FAMILY_IPV4, 0, 0)
        payload += attribute(_TABLE, c_text(table)) + attribute(_SET, c_text(element.set_name))
        payload += nested(_ELEMENTS, nested(_LIST_ITEM, *parts))
        batch.append(Message(message_type, flags, payload, f"change {element.set_name} of nft table {table}"))
    batch.append(Message(_BATCH_END, 0, edge, answered=False))
    return batch


class Elements:
    """Adds and removes elements of the sets of one `ip` table, all or none per call. For one thread."""

    def __init__(self, table: str) -> None:
        """Bind to the calling thread's network namespace."""
        self._table = table
        self._netlink = Netlink(NETFILTER)

    def close(self) -> None:
        """Close the socket."""
        self._netlink.close()

    def add(self, elements: Sequence[Element]) -> None:
        """Add elements; one that is there with the same data is left.

        Raises:
            NetlinkError: the kernel refused (EEXIST: the key is taken with other data); nothing was added.
        """
        if elements:
            self._netlink.send(_batch(_NEW_ELEMENT, CREATE, self._table, elements))

    def remove(self, elements: Sequence[Element]) -> None:
        """Remove elements; those that are not there are let pass."""
        try:
            if elements:
                self._netlink.send(_batch(_DELETE_ELEMENT, 0, self._table, elements))
        except NetlinkError as exc:
            if exc.code != errno.ENOENT:
                raise
            if len(elements) > 1:  # one absent element refuses the batch
                for element in elements:
                    self.remove([element])


class Changes:
    """Tells when another process has changed the rule set of the namespace."""

    def __init__(self) -> None:
        """Subscribe in the calling thread's network namespace.

        Raises:
            NetlinkError: the kernel gives no events.
        """
        try:
            self._socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, NETFILTER
            )
            self._socket.bind((0, 1 << (_EVENTS_GROUP - 1)))
        except OSError as exc:
            raise NetlinkError(exc.errno or 0, "subscribe to nftables events") from exc

    def fileno(self) -> int:
        """Return the descriptor; readable when something may have changed."""
        return self._socket.fileno()

    def foreign(self) -> bool:
        """Read what has come; True if anything was another process's doing, or if events were lost."""
        ours = os.getpid()
        found = False
        while True:
            try:
                packet = self._socket.recv(1 << 16)
            except BlockingIOError:
                return found
            except OSError:
                found = True  # ENOBUFS: events were lost
                continue
            found |= _names_other_process(packet, ours)

    def close(self) -> None:
        """Unsubscribe."""
        self._socket.close()


def _names_other_process(packet: bytes, ours: int) -> bool:
    offset = 0
    while offset + 20 <= len(packet):
        size, kind = struct.unpack_from("=IH", packet, offset)
        if size < 20:
            return False
        if kind == _NEW_GENERATION:
            marker = struct.pack("=HH", 8, _GENERATION_PID)
            place = packet.find(marker, offset + 20, offset + size)
            if place < 0 or struct.unpack_from(">I", packet, place + 4)[0] != ours:
                return True
        offset += (size + 3) & ~3
    return False

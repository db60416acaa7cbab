"""Forget the kernel's memory of connections to a container that is gone.

A UDP client that goes on sending would otherwise be led to the old container's address for minutes.
Source: Linux include/uapi/linux/netfilter/nfnetlink_conntrack.h (CTA_FILTER, since 5.8).
"""

import struct
from ipaddress import IPv4Address

from transom.host.netlink import DUMP, NETFILTER, Message, Netlink, NetlinkError, attribute, nested, parse_attributes

_SUBSYSTEM = 1
_GET, _DELETE = _SUBSYSTEM << 8 | 1, _SUBSYSTEM << 8 | 2
_TUPLE_ORIGINAL, _TUPLE_REPLY, _ID, _FILTER = 1, 2, 12, 25
_TUPLE_IP, _IP_SOURCE, _FILTER_REPLY, _BY_SOURCE = 1, 1, 2, 1
_HEADER = struct.pack(">BBH", 2, 0, 0)
_NESTED = 0x8000


def forget(address: IPv4Address) -> int:
    """Drop the connections that were led to address, in the calling thread's namespace; return how many.

    Kernels that cannot look them up by address are let be.
    """
    netlink = Netlink(NETFILTER)
    try:
        reply = nested(_TUPLE_REPLY, nested(_TUPLE_IP, attribute(_IP_SOURCE, address.packed)))
        flags = nested(_FILTER, attribute(_FILTER_REPLY, struct.pack("=I", _BY_SOURCE)))
        found = netlink.ask(Message(_GET, DUMP, _HEADER + reply + flags, "list connections"))
        messages = []
        for _, body in found:
            attributes = parse_attributes(body, len(_HEADER))
            if _TUPLE_ORIGINAL not in attributes or not _is_to(attributes.get(_TUPLE_REPLY, b""), address):
                continue
            payload = _HEADER + attribute(_TUPLE_ORIGINAL | _NESTED, attributes[_TUPLE_ORIGINAL])
            payload += attribute(_ID, attributes[_ID]) if _ID in attributes else b""
            messages.append(Message(_DELETE, 0, payload, "forget a connection"))
        for start in range(0, len(messages), 100):
            netlink.send(messages[start : start + 100])
    except NetlinkError:
        return 0  # gone by themselves meanwhile, or an old kernel
    finally:
        netlink.close()
    return len(messages)


def _is_to(reply: bytes, address: IPv4Address) -> bool:
    return parse_attributes(parse_attributes(reply).get(_TUPLE_IP, b"")).get(_IP_SOURCE) == address.packed

"""What an administrator says about registries."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """How registries are reached; names follow dockerd's.

    insecure: `host`, `host:port` and CIDRs that need no valid certificate and may speak plain HTTP; loopback is one.
    mirrors: URLs that are asked before docker.io.
    locations: domain → URLs that are asked in its place; a domain with none is never asked.
    certificate_dirs: directories like /etc/docker/certs.d, with a directory of certificates for each `host:port`.
    environment: where http_proxy, https_proxy and no_proxy are looked up.
    attempts: how often a transfer is tried that makes no way.
    slow_bytes, slow_window_s: a body that brings less than so much in so long counts as broken.
    """

    insecure: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    locations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    certificate_dirs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 5
    connect_timeout_s: float = 15
    idle_timeout_s: float = 30
    slow_bytes: int = 4096
    slow_window_s: float = 60
    user_agent: str = "transom"

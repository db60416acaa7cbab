"""What a container takes from its image."""

from dataclasses import dataclass

from transom.engine.containers.facilities import ImageFacts
from transom.engine.images.lookup import LookupImage
from transom.model.oci import Healthcheck, RunConfig
from transom.model.platform import parse_platform
from transom.wire.containers import Config, HealthConfig


@dataclass(frozen=True, slots=True)
class FindImageFacts:
    """The Images that container use cases ask."""

    lookup: LookupImage

    async def facts(self, reference: str, platform: str) -> ImageFacts:
        """Return the image that reference names for platform."""
        wanted = parse_platform(platform) if platform else None
        image = self.lookup(reference, wanted).image
        return ImageFacts(
            id=image.id,
            reference=reference,
            os=image.platform.os,
            architecture=image.platform.architecture,
            os_version=image.platform.os_version,
            snapshot=image.snapshot,
            config=container_config(image.config.config),
            base=image.base,
        )


def container_config(config: RunConfig) -> Config:
    """Return an image's configuration in the shape that containers have theirs in."""
    health = config.healthcheck
    return Config(
        user=config.user,
        exposed_ports={port: {} for port in config.exposed_ports},
        env=list(config.env),
        cmd=None if config.cmd is None else list(config.cmd),
        entrypoint=None if config.entrypoint is None else list(config.entrypoint),
        volumes={volume: {} for volume in config.volumes},
        working_dir=config.working_dir,
        labels=dict(config.labels),
        stop_signal=config.stop_signal,
        on_build=list(config.on_build),
        shell=list(config.shell),
        args_escaped=config.args_escaped,
        healthcheck=None if health is None else _health(health),
    )


def _health(health: Healthcheck) -> HealthConfig:
    return HealthConfig(
        test=list(health.test),
        interval=health.interval_ns,
        timeout=health.timeout_ns,
        start_period=health.start_period_ns,
        start_interval=health.start_interval_ns,
        retries=health.retries,
    )

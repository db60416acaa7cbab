"""`--cache-from`: steps taken over from an image's history."""

from dataclasses import dataclass, replace

from transom.model.oci import ImageConfig


@dataclass(frozen=True, slots=True)
class CacheSource:
    """An image whose steps may be taken over."""

    config: ImageConfig

    def after(self, before: ImageConfig, changed: ImageConfig, created_by: str) -> ImageConfig | None:
        """Return the document after a step on before, if this image began as before and went on with that step.

        changed: before with the configuration that the step gives it.
        """
        history, ours = self.config.history, before.history
        count = len(ours)
        if (
            len(history) <= count
            or history[:count] != ours
            or self.config.diff_ids[: len(before.diff_ids)] != before.diff_ids
            or self.config.platform != before.platform
            or history[count].created_by != created_by
        ):
            return None
        entry = history[count]
        layers = len(before.diff_ids) + (0 if entry.empty_layer else 1)
        if layers > len(self.config.diff_ids):
            return None
        return replace(
            changed,
            diff_ids=self.config.diff_ids[:layers],
            history=(*ours, entry),
            created=entry.created,
            author=entry.author or before.author,
        )

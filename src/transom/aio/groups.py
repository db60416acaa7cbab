"""What a TaskGroup raises, as the one error that matters."""


def first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of group that is not a group itself: those after it followed from it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

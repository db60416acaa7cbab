"""Variables put into the texts of instructions; which texts of which instruction take them.

Source: Dockerfile reference, "Environment replacement".
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from transom.build import instructions as it
from transom.build.expand import Lexer
from transom.errors import InvalidParameter

_DOCUMENT_ESCAPE = "\\"
"""Inside here-documents the escape directive does not count."""


def substituted(step: it.Step, lexer: Lexer, variables: Mapping[str, str]) -> it.Step:
    """Return step with its variables replaced; RUN, CMD and ENTRYPOINT leave theirs to the shell.

    Raises:
        ExpandError: a text is malformed, or `${name:?text}` has no value.
    """

    def word(text: str) -> str:
        return lexer.word(text, variables)

    match step:
        case it.Env():
            return replace(step, pairs=_pairs(step.pairs, word))
        case it.Label():
            return step if step.literal else replace(step, pairs=_pairs(step.pairs, word))
        case it.Arg():
            return replace(step, pairs=_pairs(step.pairs, word))
        case it.Transfer():
            return _transfer(step, word, Lexer(_DOCUMENT_ESCAPE, quotes=False, fold=lexer.fold), variables)
        case it.Workdir():
            return replace(step, path=word(step.path))
        case it.User():
            return replace(step, user=word(step.user))
        case it.StopSignal():
            return replace(step, signal=word(step.signal))
        case it.Volume():
            paths = tuple(map(word, step.paths))
            if not all(paths):
                raise InvalidParameter("VOLUME specified can not be an empty string")
            return replace(step, paths=paths)
        case it.Expose():
            ports = [port for text in step.ports for port in lexer.words(text, variables)]
            return replace(step, ports=tuple(ports))
        case _:
            return step


def _pairs(pairs: tuple[it.Pair, ...], word: Callable[[str], str]) -> tuple[it.Pair, ...]:
    return tuple(it.Pair(word(pair.name), None if pair.value is None else word(pair.value)) for pair in pairs)


def _transfer(
    step: it.Transfer, word: Callable[[str], str], inside: Lexer, variables: Mapping[str, str]
) -> it.Transfer:
    documents = tuple(
        document.filled(inside.word(document.content, variables)) if document.expand else document
        for document in step.documents
    )
    return replace(
        step,
        sources=tuple(map(word, step.sources)),
        target=word(step.target),
        chown=word(step.chown),
        chmod=word(step.chmod),
        checksum=word(step.checksum),
        documents=documents,
    )

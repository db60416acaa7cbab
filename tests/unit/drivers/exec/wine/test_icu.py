"""The part icu of a base: libraries of forwarders."""

from transom.drivers.exec.wine.base.forward import forwards
from transom.images.pe import AMD64, PortableExecutable


def test_exports_lead_to_the_other_library() -> None:
    targets = {"u_strlen": "icuuc78-1f.u_strlen_78", "u_a": "icuuc78-1f.u_a_78", "Z": "other.Z_78"}
    data = forwards("icuuc.dll", targets)
    library = PortableExecutable(lambda offset, size: data[offset : offset + size])

    assert library.machine == AMD64
    assert library.is_library
    assert library.exports.names == targets
    assert list(library.exports.names) == sorted(targets)

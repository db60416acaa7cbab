"""Wine's registry text."""

import json

import pytest

from transom.drivers.exec.wine import registry
from transom.drivers.exec.wine.registry import BranchDelta, Delta, Key
from transom.errors import InvalidParameter

TEXT = r"""WINE REGISTRY Version 2
;; All keys relative to REGISTRY\\Machine

#arch=win64

[Software\\A] 1700000000
#time=1da1b2c3d4e5f60
@="default"
"Path"=str(2):"%SystemRoot%\\x;\"quoted\""
"bin"=hex:01,02,\
  03,04

[Software\\A\\B] 1700000000
#class="Shell"
"n"=dword:00000001

[Software\\Link] 1700000000
#link
"SymbolicLinkValue"=hex(6):5c,00
"""


def test_parse_reads_keys_values_and_options() -> None:
    branch = registry.parse(TEXT)
    assert list(branch) == [r"software\\a", r"software\\a\\b", r"software\\link"]
    assert branch[r"software\\a"].values["@"] == ("@", '"default"')
    assert branch[r"software\\a"].values['"bin"'] == ('"bin"', "hex:01,02,03,04")
    assert branch[r"software\\a\\b"].options == ('#class="Shell"',)
    assert branch[r"software\\link"].options == ("#link",)


def test_print_is_parsed_back() -> None:
    branch = registry.parse(TEXT)
    assert registry.parse(registry.print_branch("system", branch)) == branch


def test_appended_section_has_the_last_word() -> None:
    text = TEXT + registry.print_keys([Key(r"SOFTWARE\\A", (), {"@": ("@", '"new"')})])
    assert registry.parse(text)[r"software\\a"].values["@"][1] == '"new"'


@pytest.mark.parametrize(
    "text", ["", "REGEDIT4\n", TEXT + "[unclosed\n", TEXT + '"novalue"\n', "WINE REGISTRY Version 2\n@=1\n"]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        registry.parse(text)


def test_diff_names_what_changed() -> None:
    before = {"system": registry.parse(TEXT)}
    after = {"system": registry.parse(TEXT.replace('"default"', '"other"').partition("[Software\\\\Link]")[0])}
    after["system"][r"software\\a"].values.pop('"bin"')
    after["system"][r"software\\new"] = Key(r"Software\\New")
    part = registry.diff(before, after, base="sha256:b").branches["system"]
    assert part.set == {r"Software\\A": {"@": '"other"'}, r"Software\\New": {}}
    assert part.unset == {r"Software\\A": ('"bin"',)}
    assert part.removed == (r"Software\\Link",)


def test_removing_a_key_names_it_once_for_all_below() -> None:
    before = {"system": registry.parse(TEXT)}
    part = registry.diff(before, {"system": {}}, base="").branches["system"]
    assert part.removed == (r"Software\\A", r"Software\\Link")


def test_merge_of_a_missing_key_is_no_error() -> None:
    delta = Delta("", {"system": BranchDelta({}, {r"No\\Key": ('"x"',)}, (r"Nothing\\Here",))})
    assert registry.merge({"system": registry.parse(TEXT)}, delta)["system"] == registry.parse(TEXT)


def test_one_containers_values_are_left_out() -> None:
    delta = Delta(
        "", {"system": BranchDelta({r"Sys\\Name": {'"ComputerName"': '"X"', '"y"': '"1"'}, r"A": {}}, {}, ())}
    )
    kept = registry.without_keys(delta, {"system": [(r"sys\\name", '"computername"')]})
    assert kept.branches["system"].set == {r"Sys\\Name": {'"y"': '"1"'}, "A": {}}


def test_delta_round_trip() -> None:
    delta = registry.diff({}, {"system": registry.parse(TEXT)}, base="sha256:b")
    assert registry.load_delta(registry.dump_delta(delta)) == delta


def document(**part: object) -> bytes:
    whole = {"set": {}, "unset": {}, "removed": []} | part
    return json.dumps({"format": 1, "base": "x", "branches": {"system": whole}}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"format": 2, "base": "", "branches": {}}',
        document(set={"A]\n[B": {}}),
        document(set={"A": {'"x"': '"1"\n[Injected]'}}),
        document(set={"A": {'"x"\n[B]\n"y"': '"1"'}}),
        document(set={"A": {"bare": '"1"'}}),
        document(set={"A": {'"x"': 5}}),
        document(removed=["A\n"]),
        document(unset={"A": ["bare"]}),
        document(set=[1]),
    ],
)
def test_hostile_delta_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidParameter):
        registry.load_delta(data)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("plain", '"plain"'),
        ('a"b\\', r'"a\"b\\"'),
        ("ü中", r'"\xfc\x4e2d"'),
        ("üa", r'"\x00fca"'),
        ("üg", r'"\xfcg"'),
        ("\n\x1b", r'"\n\e"'),
        ("\0008\0007", r'"\08\0007"'),
        ("\x7f", '"\x7f"'),
        ("😀", r'"\xd83d\xde00"'),
    ],
)
def test_quoted_is_wines_spelling(text: str, printed: str) -> None:
    assert registry.quoted(text) == printed


def test_values_are_left_out_by_their_data() -> None:
    ours, theirs = {'"a"': r'"\\usr\\x"'}, {'"b"': '"kept"'}
    delta = Delta(
        "", {"system": BranchDelta({"A": ours, "B": ours | theirs, "C": {}}, {"A": ('"z"',)}, ("R",), ("S",))}
    )
    left = registry.without_data(delta, r'"\\usr')
    assert left.branches == {"system": BranchDelta({"B": theirs, "C": {}}, {"A": ('"z"',)}, ("R",), ("S",))}

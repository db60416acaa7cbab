"""Results as a table, as goals met or missed, and as JSON beside those of earlier runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cases import Figure
from bench.measure import Sample

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Ratio:
    """A goal: the median of one job is at most some part of another's."""

    what: str
    job: str
    of_job: str
    at_most: float
    of_target: str = "docker"


@dataclass(frozen=True, slots=True)
class Limit:
    """A goal: a figure stays below a number."""

    what: str
    figure: str
    below: float


RATIOS = (
    Ratio("Linux run, bridge, against Docker's", "run-bridge", "run-bridge", 0.40),
    Ratio("Linux run, no network, against Docker's", "run-none", "run-none", 0.40),
    Ratio("Windows C program, bridge, against Docker's busybox", "c-bridge", "run-bridge", 0.45),
    Ratio("Windows C program, no network, against Docker's busybox", "c-none", "run-none", 0.45),
    Ratio("Windows `cmd /c ver`, bridge, against Docker's busybox", "ver-bridge", "run-bridge", 0.60),
    Ratio("Windows `cmd /c ver`, no network, against Docker's busybox", "ver-none", "run-none", 0.60),
    Ratio("exec in a Linux container, against Docker's", "exec", "exec", 1.0),
    Ratio("exec of a Windows C program, against Docker's exec of true", "exec-c", "exec", 1.0),
    Ratio("exec of `cmd /c ver`, against Docker's exec of true", "exec-ver", "exec", 1.0),
    Ratio("cmd-ver vs C: `cmd /c ver` in a new container, bridge", "ver-bridge", "c-bridge", 1.3, "transom"),
    Ratio("cmd-ver vs C: `cmd /c ver` in a new container, no network", "ver-none", "c-none", 1.3, "transom"),
    Ratio("cmd-ver vs C: exec of `cmd /c ver`", "exec-ver", "exec-c", 1.3, "transom"),
    Ratio("ten Windows C programs at once, against one", "c-10-at-once", "c-1-at-once", 3.0, "transom"),
    Ratio("50 starts at once, against Docker's", "run-50-at-once", "run-50-at-once", 1.0),
    Ratio("classic build of 20 RUN steps, against Docker's", "build-20-run", "build-20-run", 0.50),
    Ratio("pull of 20,000 files, against Docker's", "pull-many", "pull-many", 0.50),
    Ratio("pull of few large files, against Docker's", "pull-few", "pull-few", 0.80),
    Ratio("Linux run beside a pull of 20,000 files, against alone", "run-pull", "run-alone", 1.5, "transom"),
    Ratio("Windows C program beside a pull of 20,000 files, against alone", "c-pull", "c-alone", 1.5, "transom"),
    Ratio("push of 20,000 files, against Docker's", "push-many", "push-many", 0.80),
    Ratio("push of few large files, against Docker's", "push-few", "push-few", 0.80),
    Ratio("pull of 20,000 files, against Podman's", "pull-many", "pull-many", 0.80, "podman"),
    Ratio("pull of few large files, against Podman's", "pull-few", "pull-few", 0.80, "podman"),
    Ratio("push of 20,000 files, against Podman's", "push-many", "push-many", 0.80, "podman"),
    Ratio("push of few large files, against Podman's", "push-few", "push-few", 0.80, "podman"),
    Ratio("push of 20,000 files, against skopeo's", "push-many", "push-many", 0.80, "skopeo"),
    Ratio("push of few large files, against skopeo's", "push-few", "push-few", 0.80, "skopeo"),
)
LIMITS = (
    Limit("engine at rest, RSS", "engine-rest-rss", 60),
    Limit("idle Windows container, PSS of everything", "idle-windows-pss", 16),
    Limit("Windows base, compressed", "base-compressed", 40),
    Limit("per running Linux container beside the program: engine", "idle-linux-engine-growth", 4),
    Limit("per running Linux container beside the program: monitor", "idle-linux-monitor-pss", 4),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One goal and what came of it; met is None where the peer was not there."""

    what: str
    goal: str
    measured: str
    met: bool | None


def verdicts(samples: Sequence[Sample], figures: Sequence[Figure]) -> list[Verdict]:
    """Compare with DESIGN's goals."""
    medians = {(sample.job, sample.target): sample.median_s for sample in samples}
    values = {(figure.name, figure.target): figure.value for figure in figures}
    found = []
    for goal in RATIOS:
        mine, theirs = medians.get((goal.job, "transom")), medians.get((goal.of_job, goal.of_target))
        if mine is not None:
            ratio = mine / theirs if theirs else None
            measured = f"{mine * 1000:.0f} ms" + (
                f" = {ratio:.2f} x {theirs * 1000:.0f} ms" if ratio and theirs else ""
            )
            met = ratio <= goal.at_most if ratio is not None else None
            found.append(Verdict(goal.what, f"at most {goal.at_most:.2f} x", measured, met))
    for limit in LIMITS:
        value = values.get((limit.figure, "transom"))
        if value is not None:
            found.append(Verdict(limit.what, f"below {limit.below:g} MB", f"{value:.1f} MB", value < limit.below))
    return found


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table that is also readable as it is."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    printed = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([printed[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *printed[1:]])


def times_table(samples: Sequence[Sample]) -> str:
    """Return each job's median, p50 of the engines side by side, and how Transom's compares."""
    targets = sorted({sample.target for sample in samples}, key=lambda name: (name != "transom", name))
    by_key = {(sample.job, sample.target): sample for sample in samples}
    rows = []
    for job in dict.fromkeys(sample.job for sample in samples):
        row, own = [job], by_key.get((job, "transom"))
        for target in targets:
            sample = by_key.get((job, target))
            if sample is None:
                row.append("")
                continue
            cell = f"{sample.median_s * 1000:.0f} ({sample.percentile_s(99) * 1000:.0f})"
            if own and target != "transom":
                cell += f"  {own.median_s / sample.median_s:.2f} x"
            row.append(cell)
        rows.append(row)
    return table(
        ["ms: median (p99)", *(f"{name}, Transom's ratio" if name != "transom" else name for name in targets)], rows
    )


def figures_table(figures: Sequence[Figure]) -> str:
    """Return the figures of the engines side by side."""
    targets = sorted({figure.target for figure in figures}, key=lambda name: (name != "transom", name))
    by_key = {(figure.name, figure.target): figure for figure in figures}
    rows = []
    for name in dict.fromkeys(figure.name for figure in figures):
        cells = [by_key.get((name, target)) for target in targets]
        rows.append([name, *(f"{cell.value:.1f} {cell.unit}" if cell else "" for cell in cells)])
    return table(["memory", *targets], rows)


def verdicts_table(found: Sequence[Verdict]) -> str:
    """Return the goals, missed ones marked."""
    words = {True: "met", False: "MISSED", None: "no peer"}
    return table(
        ["goal", "", "measured", ""],
        [[verdict.what, verdict.goal, verdict.measured, words[verdict.met]] for verdict in found],
    )


def document(
    facts: Mapping[str, object], engines: Mapping[str, str], samples: Sequence[Sample], figures: Sequence[Figure]
) -> dict[str, Any]:
    """Return the result as it is written."""
    return {
        "machine": dict(facts),
        "engines": dict(engines),
        "times_ms": [
            {
                "job": sample.job,
                "engine": sample.target,
                "runs": len(sample.seconds),
                "p50": round(sample.median_s * 1000, 2),
                "p99": round(sample.percentile_s(99) * 1000, 2),
                "min": round(min(sample.seconds) * 1000, 2),
            }
            for sample in samples
        ],
        "figures": [
            {"name": figure.name, "engine": figure.target, "value": round(figure.value, 2), "unit": figure.unit}
            for figure in figures
        ],
    }


def against_last(result: Mapping[str, Any]) -> str:
    """Return how Transom's medians compare with the newest committed result, "" where there is none."""
    older = sorted(RESULTS.glob("*.json"))
    if not older:
        return ""
    last = json.loads(older[-1].read_text())
    before = {row["job"]: row["p50"] for row in last["times_ms"] if row["engine"] == "transom"}
    rows = [
        [row["job"], f"{before[row['job']]:.0f}", f"{row['p50']:.0f}", f"{row['p50'] / before[row['job']]:.2f} x"]
        for row in result["times_ms"]
        if row["engine"] == "transom" and row["job"] in before
    ]
    return table([f"against {older[-1].name}, ms", "then", "now", ""], rows) if rows else ""


def write(result: Mapping[str, Any], name: str) -> Path:
    """Write the result for the repository and return where."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path

"""The results as Markdown, for people: the targets first, then a table a case. Reads `Results`, writes `results.md`."""

from typing import Any

from bench.cases import BY_KEY, CASES, CPU_RATE, PEER_RUNS, TARGETS, WITHOUT_STORE, Case, Figure, Target
from bench.machine import BUSY
from bench.results import Results, fault_of
from bench.servers import SERVERS, original_of

#: Plots that stand beside the table, with what they show.
PLOTS = {
    "clients.png": "Deliveries a second against clients",
    "latency.png": "Latency",
    "cost.png": "What one delivery costs, against clients and against the size of a message",
}


def write(results: Results) -> None:
    """Write the table anew."""
    cases = [case for case in CASES if case.key in results.samples]
    parts = [
        _head(results),
        _targets(results),
        _store(results),
        *[_case(results, case) for case in cases],
        _plots(results),
        _foot(results),
    ]
    (results.folder / "results.md").write_text("\n\n".join(part for part in parts if part) + "\n")


def _head(results: Results) -> str:
    about = results.about
    machine = about["machine"]
    lines = [
        "# What was measured",
        f"{machine['date']}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:g} GB,\n"
        f"Linux {machine['kernel']}, Python {machine['python']}.\n"
        f"Load at the start {machine['load']:g}, {machine['in_use']:.0%} of the machine in use.\n"
        "Each server on one core, the load on another; servers take turns, each case starts them anew.\n"
        f"Medians of {about['runs']} runs (of peers that no target names {min(about['runs'], PEER_RUNS)}), with least and\n"
        "most; ratios are of medians, to the Go original.",
    ]
    others = results.others()
    lines.append(f"While it was measured, other programs had {others:.0%} of a core (median).")
    if max(machine["in_use"], others) > BUSY:
        lines.append("**Something else used the machine: only ratios mean anything, and these little.**")
    if wrong := results.wrong():
        lines.append("**WRONG: " + "; ".join(wrong) + "**")
    versions = [f"| {SERVERS[key].name} | {version} |" for key, version in about["versions"].items()]
    versions += [f"| {SERVERS[key].name} | left out: {sentence} |" for key, sentence in about["left_out"].items()]
    lines.append("\n".join(["| server | version |\n|---|---|", *dict.fromkeys(versions)]))
    return "\n\n".join(lines)


def _targets(results: Results) -> str:
    rows = ["## Targets", "", "| target | this server | compared with | measured | |", "|---|---|---|---|---|"]
    for target in TARGETS:
        told = results.reached(target)
        if target.case in results.samples:
            other = f"{SERVERS[target.against].name}: {number(told.theirs)}" if target.against else ""
            measured = number(told.measured) + (" times" if target.against and told.measured is not None else "")
            verdict = {True: "reached", False: "**not reached**", None: _why_not(results, target)}[told.is_reached]
            rows.append(f"| {target.text}: {_aim(target)} | {number(told.ours)} | {other} | {measured} | {verdict} |")
    return "\n".join(rows) if len(rows) > 4 else ""


def _why_not(results: Results, target: Target) -> str:
    limited = any(results.is_limited(target.case, key, target.figure) for key in (target.server, target.against) if key)
    return "generator-limited" if limited else "not measured"


def _aim(target: Target) -> str:
    bound, sign = (target.least, "at least") if target.least is not None else (target.most, "at most")
    return f"{sign} {number(bound)}" + (" times" if target.against else "")


def _store(results: Results) -> str:
    """What keeping everything costs, beside the same server that only numbers messages."""
    rows = [
        "## The price of the store",
        "",
        "| case | deliveries/s kept | of a second of its processor kept |",
        "|---|---|---|",
    ]
    for case in CASES:
        kept = [results.ratio(case.key, figure, "ours", WITHOUT_STORE) for figure in ("deliveries_per_s", CPU_RATE.key)]
        if any(kept):
            rows.append(f"| {case.title} | {' | '.join('' if share is None else f'{share:.0%}' for share in kept)} |")
    return "\n".join(rows) if len(rows) > 4 else ""


# A case.


def _case(results: Results, case: Case) -> str:
    shown = [server for server in case.servers if results.of(case.key, server)]
    figures = [figure for figure in case.figures if any(results.told(case.key, server, figure.key) for server in shown)]
    titles = [f"{figure.title}{f', {figure.unit}' if figure.unit else ''}" for figure in figures]
    first = figures[0] if figures else case.figures[0]
    head = ["server", *titles, f"{first.title}: ratio", "server's core", "generator's core", "remarks"]
    rows = [f"## {case.title}", "", *([case.note, ""] if case.note else [])]
    rows += [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for server in shown:
        cells = [_cell(results, case, server, figure) for figure in figures]
        row = [SERVERS[server].name, *cells, _ratio(results, case, server, first)]
        row += [_share(results, case, server, key) for key in ("server_core", "generator_core")]
        rows.append(f"| {' | '.join([*row, _remarks(results, case, server)])} |")
    return "\n".join(rows)


def _cell(results: Results, case: Case, server: str, figure: Figure) -> str:
    if results.is_limited(case.key, server, figure.key):
        return "generator-limited"
    told = results.told(case.key, server, figure.key)
    if not told:
        return ""
    if figure.is_share:
        return f"{told.median:.1%}"
    spread = f" ({number(told.least)} - {number(told.most)})" if told.least != told.most else ""
    return number(told.median) + spread


def _ratio(results: Results, case: Case, server: str, figure: Figure) -> str:
    against = original_of(SERVERS[server])
    against = against if against in case.servers else case.servers[0]
    ratio = results.ratio(case.key, figure.key, server, against)
    return "" if ratio is None or server == against else f"{number(ratio)} times"


def _share(results: Results, case: Case, server: str, key: str) -> str:
    share = results.summary_of(case, server)[key]
    return "" if share is None else f"{share:.0%}"


def _remarks(results: Results, case: Case, server: str) -> str:
    samples = results.of(case.key, server)
    remarks = list(dict.fromkeys(fault for sample in samples if (fault := fault_of(sample))))[:2]
    if case.base:
        figure = BY_KEY[case.base].figures[0].key
        now, otherwise = results.told(case.key, server, figure), results.told(case.base, server, figure)
        if now and otherwise:
            remarks.append(f"{now.median / otherwise.median:.0%} of what it does without")
    if SERVERS[server].job.get("deflate") and any(sample.get("deflates") is False for sample in samples):
        remarks.append("does not agree to compress")
    return "; ".join(remarks)


# Around it.


def _plots(results: Results) -> str:
    shown = [f"![{title}]({name})" for name, title in PLOTS.items() if (results.folder / name).exists()]
    return "\n\n".join(["## Plots", *shown]) if shown else ""


def _foot(results: Results) -> str:
    return "\n\n".join(filter(None, ["## How to read it", _generator(results.about.get("most", [])), *_NOTES]))


def _generator(most: list[dict[str, Any]]) -> str:
    told = [
        f"{number(shape['deliveries_per_s'])} a second{'' if shape['is_most'] else ' or more'}"
        f" in pieces of {shape['messages']} for {shape['clients']:,} clients"
        for shape in most
    ]
    return f"The generator takes at most {', '.join(told)} (`python -m bench.load.most`)." if told else ""


_NOTES = (
    """"Generator-limited" stands where the generator's core was busy (over 95 %, waiting for it included) and the server's
was not (under 90 %): then nothing is said of the server. Of everybody every message is counted; of some clients (at a fixed
rate of all) each is looked at: missing, doubled, out of order.""",
    """"A second of its processor" is what a server does in a second in which it has its core: this hardly sees what else the
machine does. Latencies are from the moment a message is handed to the kernel to the return of the read that brings its
last byte.""",
)


def number(value: float | None) -> str:
    """Three digits that count, and thousands apart."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        digits = len(str(int(abs(value)))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"

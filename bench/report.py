"""From figures to a table in Markdown, and to whether the targets are met."""

from statistics import median, quantiles
from typing import Any

MS = 1_000_000


def totals(figures: dict[str, list[int]]) -> list[float]:
    """Return the CPU milliseconds of each time: Python and the server's processes together."""
    return [(a + b) / MS for a, b in zip(figures["python"], figures["postgresql"], strict=True)]


def walls(figures: dict[str, list[int]]) -> list[float]:
    """Return how many milliseconds each time took."""
    return [one / MS for one in figures["wall"]]


def markdown(found: dict[str, Any]) -> str:
    machine = found["machine"]
    one = found["scenarios"][0]
    lines = [
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB of memory, {machine['system']}; "
        f"Python {machine['python']}, Django {machine['django']}, psycopg {machine['psycopg']}, "
        f"PostgreSQL {one['databases'][0]['postgresql']}, {'with' if machine['redis'] else 'without'} Redis. "
        f"{found['rounds']} rounds of {found['times']} per case after the warm-up.",
    ]
    for scenario in found["scenarios"]:
        lines += ["", *_table(scenario), "", *[f"- {line}" for line in verdicts(scenario)]]
    return "\n".join(lines).rstrip()


def _table(scenario: dict[str, Any]) -> list[str]:
    lines = [
        f"**{scenario['scenario']}**: {scenario['about']} Load of the machine: {scenario['load_before']} before, "
        f"{scenario['load_after']} after; the yardstick took {min(scenario['yardsticks']):.0f} to "
        f"{max(scenario['yardsticks']):.0f} ms.",
        "",
        "| case | tickets | CPU, median | middle half | Python | PostgreSQL | wall |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for case in scenario["databases"][0]["figures"]:
        for database in scenario["databases"]:
            figures = database["figures"][case]
            spent = totals(figures)
            low, _middle, high = quantiles(spent, n=4) if len(spent) > 1 else spent * 3
            alone = [f"{_shown(median(figures[name]) / MS)} ms" for name in ("python", "postgresql", "wall")]
            lines.append(
                f"| {case} | {database['tickets']:,} | {_shown(median(spent))} ms | {_shown(low)} to {_shown(high)} | "
                f"{' | '.join(alone)} |"
            )
    return lines


def verdicts(scenario: dict[str, Any]) -> list[str]:
    """Return for each target and database whether it is met, in words."""
    found = []
    smallest = scenario["databases"][0]
    for target in scenario["targets"]:
        for database in scenario["databases"]:
            case = target["case"]
            counted = walls if target["of_wall"] else totals
            spent = median(counted(database["figures"][case]))
            where = f"{case}, {database['tickets']:,} tickets"
            if target["most_ms"] is not None:
                found.append(
                    _verdict(f"{where}: {_shown(spent)} ms of {target['most_ms']:g}", spent <= target["most_ms"])
                )
                continue
            if target["over"]:
                base = database["figures"][target["over"]]
                what = f"{'as long as' if target['of_wall'] else 'the cost of'} {target['over']}"
            elif database is not smallest:
                base, what = smallest["figures"][case], f"its cost with {smallest['tickets']:,}"
            else:
                continue
            times = spent / median(counted(base))
            words = f"{where}: {times:.2f} times {what}, of {target['most_times']:g}"
            found.append(_verdict(words, times <= target["most_times"]))
    return found


def _shown(milliseconds: float) -> str:
    """Return a tenth of a millisecond's precision, or a microsecond's for what takes less than one."""
    return f"{milliseconds:.1f}" if milliseconds >= 1 or not milliseconds else f"{milliseconds:.3f}"


def _verdict(words: str, is_met: bool) -> str:
    return f"{'met' if is_met else '**not met**'}: {words}"

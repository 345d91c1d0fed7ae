"""The table of one comparison."""

from statistics import median

from bench.contenders import Shape, contenders
from bench.figures import Comparison, Results, cpu_us, p99_ms, rate
from bench.report import print_table

_COLUMNS = (
    *("server", "CPU us/request", "x P2", "requests/s", "x P2", "p50 ms", "p99 ms", "p99 x P2"),
    *("PSS MB", "first answer ms", "cold start ms"),
)


def print_comparison(comparison: Comparison, shape: Shape) -> None:
    """Print medians, and ratios to the article's server of the same round: median (least..greatest)."""
    plural = "s" if comparison.connections != 1 else ""
    workers = f"{shape.workers} worker{'s' if shape.workers != 1 else ''} x {shape.threads} threads"
    rows = [
        _row(comparison, name, each.title)
        for name, each in contenders().items()
        if name in comparison.servers
    ]
    print_table(
        f"{comparison.workload}: {comparison.title}; {comparison.connections} connection{plural}, "
        f"{workers}, {comparison.placement}",
        _COLUMNS,
        rows,
    )


def _row(comparison: Comparison, name: str, title: str) -> tuple[str, ...]:
    results = comparison.results.get(name)
    if results is None or not results.rounds:
        return (title, *["-"] * (len(_COLUMNS) - 1))
    ratios = [str(comparison.ratios(name, figure) or "-") for figure in (cpu_us, rate, p99_ms)]
    return (
        title,
        f"{median(map(cpu_us, results.rounds)):.0f}",
        ratios[0],
        f"{median(map(rate, results.rounds)):.0f}",
        ratios[1],
        f"{median(each.p50_ms for each in results.rounds):.2f}",
        f"{median(map(p99_ms, results.rounds)):.2f}",
        ratios[2],
        f"{results.memory_mb:.0f}",
        *_starts(results),
    )


def _starts(results: Results) -> tuple[str, str]:
    first = median(each.first_answer_ms for each in results.starts)
    return f"{first:.0f}", f"{median(each.cold_ms for each in results.starts):.1f}"

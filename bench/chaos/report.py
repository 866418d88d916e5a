"""The table in which a run ends."""

from bench.chaos.run import Report


def table(report: Report) -> str:
    """How often each fault was, how requests ended, and what is wrong; with the seed if it is."""
    lines = ["how often  fault"]
    lines += [f"{count:>9}  {fault}" for fault, count in sorted(report.faults.items())]
    lines += [f"{count:>9}  ({what})" for what, count in report.counts.items() if count]
    lines += ["", "tries, by their answer and the fault that was on"]
    for status, faults in report.answers.items():
        lines.append(f"{sum(faults.values()):>9}  {status}")
        if status >= "5":
            lines += [f"{count:>13}  {fault}" for fault, count in faults.items()]
    lines += ["", "requests, by what came of them"]
    lines += [f"{count:>9}  {outcome}" for outcome, count in report.outcomes.items()]
    lines += ["", "orders"]
    lines += [f"{count:>9}  {status}" for status, count in report.orders.items()]
    told = ", ".join(f"{name} {value}" for name, value in report.seconds_until_taken_up.items())
    lines += ["", f"seconds from a worker's death until others had taken up its work: {told}"]
    lines += ["", f"drained in {report.drained} s, {len(report.violations)} violations"]
    lines += [f"VIOLATION (--seed {report.seed}): {one}" for one in report.violations]
    return "\n".join(lines)

"""Do many cases, and print how they ended: ``python -m tests.fuzz --cases 10000``."""

import argparse
import sys
from collections import Counter

from tests.fuzz.watch import GOOD, fuzz


def main() -> int:
    """Exit code 0 where no case is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=10, help="wrong cases that are printed")
    asked = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    slowest: dict[str, tuple[float, int]] = {}
    wrong = 0
    try:
        for ended in fuzz(range(asked.first, asked.first + asked.cases), asked.seed):
            counts[ended.kind, ended.how] += 1
            slowest[ended.kind] = max(
                slowest.get(ended.kind, (0.0, 0)), (ended.seconds, ended.number)
            )
            if ended.how not in GOOD:
                wrong += 1
                if wrong <= asked.show:
                    print(f"case {ended.number} ({ended.kind}): {ended.how}\n{ended.message}")
                    sys.stdout.flush()
    except KeyboardInterrupt:
        print("stopped; what was done until then:")
    for kind, (seconds, number) in slowest.items():
        ends = ", ".join(f"{n} {how}" for (of, how), n in sorted(counts.items()) if of == kind)
        print(f"{kind}: {ends}; slowest {seconds:.2g} s (case {number})")
    print(f"{counts.total()} cases, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

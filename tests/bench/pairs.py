"""
Two things compared on a machine whose speed changes from one second to the next: both in turn, in short slices,
by the median of the pairs' ratios. A slow moment spoils one pair, not the result.
"""
import statistics

SLICE = 2 # seconds


def in_turn(rounds, *runs):
    """The results of each of runs, called once a round: every second round backwards, so that none is always the first."""
    results = [[] for _ in runs]
    for n in range(rounds):
        both = list(zip(runs, results))
        for run, found in both if n % 2 == 0 else reversed(both):
            found.append(run())
    return results


def ratio(ours, theirs):
    """The median of the ratios, and in brackets what the middle half of them lies between."""
    low, middle, high = statistics.quantiles([a / b for a, b in zip(ours, theirs)], n=4, method="inclusive")
    return f"{middle:5.2f} ({low:.2f}-{high:.2f})"

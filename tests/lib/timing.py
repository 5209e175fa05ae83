"""Whether two kinds of request can be told apart by how long they take."""
import time


def auc(first, second):
    """How often a time of the first is shorter than one of the second; ties count half. 0.5: they are alike."""
    ranked = sorted([(t, 0) for t in first] + [(t, 1) for t in second])
    ranks, i = 0.0, 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        ranks += sum((i + j + 1) / 2 for k in range(i, j) if ranked[k][1] == 1)
        i = j
    return (ranks - len(second) * (len(second) + 1) / 2) / (len(first) * len(second))


def auc_error(n, m):
    """Its standard error where both are alike."""
    return ((n + m + 1) / (12 * n * m)) ** 0.5


def alternate(first, second, times):
    """Seconds of each call, in turn, so that what else the machine does hits both."""
    taken = ([], [])
    for i in range(times):
        for which in ((0, 1) if i % 2 == 0 else (1, 0)):
            start = time.perf_counter()
            (first, second)[which](i)
            taken[which].append(time.perf_counter() - start)
    return taken

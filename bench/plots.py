"""Plots, where matplotlib is installed."""


def pyplot():
    """Return matplotlib's pyplot, for files; None, having said so, where it is not installed."""
    try:
        import matplotlib
    except ImportError:
        print("no plot: matplotlib is not installed (pip install '.[bench]')")
        return None
    matplotlib.use("Agg")
    from matplotlib import pyplot as found

    return found

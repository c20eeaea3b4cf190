"""How many threads numpy takes for a matrix product."""

from __future__ import annotations

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


def one_thread() -> None:
    """Let this process multiply matrices with one thread from now on.

    What is read from a message are products of a few hundred numbers. Two threads wait for each other longer than either works:
    three times the CPU time was measured on two quiet cores, a hundred times on busy ones.
    """
    threadpool_limits(limits=1, user_api="blas")

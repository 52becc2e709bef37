"""How many of a thing there are, in words: on the lowest floor, since errors count too.

What is here: `count_text`.
"""

__all__ = ["count_text"]


def count_text(n: int, thing: str) -> str:
    """Count things in words that agree.

    Parameters
    ----------
    n : int
    thing : str
        In the singular, of a regular plural.

    Returns
    -------
    str

    Examples
    --------
    >>> count_text(1, "clip"), count_text(2, "class"), count_text(1200, "window")
    ('1 clip', '2 classes', '1,200 windows')
    """
    ending = "es" if thing.endswith("s") else "s"
    return f"{n:,} {thing}{ending * (n != 1)}"

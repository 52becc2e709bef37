"""Files as a bad disk or a broken copy leaves them, and what becomes of reading them."""

from audioinv.errors import CheckpointError


def spoilings(whole, rng, *, n_flips, n_cuts):
    """Yield the content with one bit flipped at random places, and cut short at others."""
    for place, bit in zip(rng.integers(0, len(whole), n_flips), rng.integers(0, 8, n_flips), strict=True):
        yield whole[:place] + bytes([whole[place] ^ (1 << int(bit))]) + whole[place + 1 :]
    for length in rng.integers(0, len(whole), n_cuts):
        yield whole[:length]


def try_reading(read, source):
    """Return what was read and an empty text, or nothing and why it was refused; anything else is raised."""
    try:
        return read(source), ""
    except CheckpointError as error:
        return None, str(error)

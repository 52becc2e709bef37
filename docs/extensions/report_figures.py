"""Shows each figure that an example makes under a name, pyplot's or not: Sphinx by itself looks for pyplot's alone."""

from weakref import WeakSet

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

_SHOWN = WeakSet()


def _get_sg_image_scraper():
    return scrape


def scrape(_block, block_vars, gallery_conf):
    """Save each figure that a block of an example made under a name, and return the lines that show them."""
    paths = []
    for value in block_vars["example_globals"].values():
        if isinstance(value, Figure) and value not in _SHOWN:
            path = next(block_vars["image_path_iterator"])
            value.savefig(path, format="png", dpi=144)
            _SHOWN.add(value)
            paths.append(path)
    return figure_rst(paths, gallery_conf["src_dir"])

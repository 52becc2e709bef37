"""The grammar of downsampling, and the sizes that windows leave."""

import pytest
import torch
from torch import nn

from audioinv.errors import InputError
from audioinv.nets.downsampling import Downsampling, Sliding, padded


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("stride", ("", "", 0, "stride")),
        ("none", ("", "", 0, "none")),
        ("max", ("max", "", 0, "every")),
        ("average", ("average", "", 0, "every")),
        ("polyphase", ("", "", 0, "polyphase")),
        ("blur5", ("", "blur", 5, "every")),
        ("maxlowpass2-polyphase", ("max", "lowpass", 2, "polyphase")),
    ],
)
def test_grammar(kind, parts):
    assert Downsampling.parse(kind) == Downsampling(*parts)


@pytest.mark.parametrize(
    "kind",
    ["", "blur", "blur1", "blur8", "lowpass", "-polyphase", "maxpolyphase", "blur3max", "stride-polyphase", "Max"],
)
def test_grammar_refuses(kind):
    with pytest.raises(InputError, match=rf"downsampling='{kind}' is not stride, none, polyphase or"):
        Downsampling.parse(kind)


@pytest.mark.parametrize(
    ("window", "n", "size"),
    [
        (Sliding(3, back=1, ahead=1), 8, 8),
        (Sliding(3, 2, back=1, ahead=1), 7, 4),
        (Sliding(3, dilation=4), 9, 1),
        (Sliding(3, dilation=4), 8, 0),
        (Sliding(7, back=3, ahead=3, border="mirror"), 3, 0),
        (Sliding(7, back=3, ahead=3, border="mirror"), 4, 4),
        (Sliding(7, back=3, ahead=3, border="circular"), 3, 3),
        (Sliding(7, back=3, ahead=3, border="circular"), 2, 0),
    ],
)
def test_size_is_what_torch_makes_of_it_or_zero(window, n, size):
    assert window.size(n) == size
    maps = torch.zeros(1, 1, n)
    if size:
        kernel = torch.zeros(1, 1, window.width)
        made = nn.functional.conv1d(padded(maps, (window,)), kernel, stride=window.stride, dilation=window.dilation)
        assert made.shape[-1] == size
    else:
        with pytest.raises(RuntimeError, match=r"[Kk]ernel size|[Pp]adding"):
            nn.functional.conv1d(padded(maps, (window,)), torch.zeros(1, 1, window.width), dilation=window.dilation)

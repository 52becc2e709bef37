"""Each rule on a small function with a known answer, held against the answers at every delay.

The answer is the least modulus at which the function is invariant, None if there is none that could be derived.
"""

import pytest
import torch
from torch.nn import functional as F

from audioinv.measure.certificates.derivation import derive

from .exhaustive import true_modulus

PERIOD = 24
rng = torch.Generator().manual_seed(7)


def random(*shape):
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


SOUNDS = random(5, 3, PERIOD)
KERNEL, DEPTHWISE, MIXING = random(4, 3, 3), random(3, 1, 3), random(3, 3)
RAMP = torch.linspace(-1, 1, PERIOD, dtype=torch.float64)
BLUR = (torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64) / 4).expand(3, 1, 3)


def ring(x, back=1, ahead=1):
    return F.pad(x, (back, ahead), mode="circular")


def conv(x, stride=1, kernel=KERNEL):
    return F.conv1d(ring(x), kernel, stride=stride)


def grouped(x, stride=1, kernel=DEPTHWISE):
    return F.conv1d(ring(x), kernel, stride=stride, groups=3)


def mean(x):
    return x.mean(-1)


def top(x):
    return x.amax(-1)


def linear_throughout(x):
    mixed = conv(grouped(x, 2, BLUR), kernel=MIXING[..., None].expand(3, 3, 3))
    return mean(conv(grouped(mixed, 2, BLUR)))


def with_a_position_channel(x):
    return mean(F.conv1d(ring(torch.cat([x, RAMP.expand(len(x), 1, -1)], 1)), random(2, 4, 3)).relu())


def patches(x):
    pieces = x.unflatten(-1, (6, 4)).transpose(1, 2).flatten(2)  # (batch, 6 pieces, 3 channels of 4 places)
    return (pieces @ random(12, 5)).relu().mean(1)


def frames(x):
    return (x.unfold(-1, 6, 2) @ random(6, 2)).relu().mean(-2)


def as_map(x):
    """The places along the second last of four axes, as the bins of a 2-D network."""
    return x[:, None].transpose(-1, -2)


# Convolutions commute with a roll; a stride leaves every f-th delay.
KNOWN = {
    "stride 1": (lambda x: mean(conv(x).relu()), 1),
    "stride 2": (lambda x: mean(conv(x, 2).relu()), 2),
    "strides 2 and 3": (lambda x: mean(F.conv1d(ring(conv(x, 2).relu()), KERNEL[:, [0, 1, 2, 0]], stride=3).relu()), 6),
    "stride 5 of 24 places": (lambda x: mean(conv(x, 5).relu()), None),
    "dilated": (lambda x: mean(F.conv1d(ring(x, 2, 2), KERNEL, dilation=2).relu()), 1),
    "kernel of 1, stride 2": (lambda x: mean(F.conv1d(x, KERNEL[..., :1], stride=2).relu()), 2),
    "2-D, along the first axis": (
        lambda x: F.conv2d(F.pad(as_map(x), (0, 0, 1, 1), mode="circular"), KERNEL[:2, :1, :, None], stride=(2, 1))
        .relu()
        .mean((-1, -2)),
        2,
    ),
    "zero padding": (lambda x: mean(F.conv1d(x, KERNEL, padding=1).relu()), None),
    "zero padding by same": (lambda x: mean(F.conv1d(x, KERNEL, padding="same").relu()), None),
    "zero padding beside it": (lambda x: mean(F.pad(x, (1, 1)).relu()), None),
    "reflect padding": (lambda x: mean(F.conv1d(F.pad(x, (1, 1), mode="reflect"), KERNEL).relu()), None),
    "places as channels": (lambda x: F.conv1d(x.transpose(1, 2), random(PERIOD, PERIOD, 1)).relu().mean(1), None),
    "no padding": (lambda x: mean(F.conv1d(x, KERNEL).relu()), None),
    "circular padding left on": (lambda x: mean(ring(x)), None),
    "circular padding twice": (lambda x: mean(F.conv1d(ring(ring(x)), KERNEL).relu()), None),
    "zero padding of another axis": (lambda x: mean(F.pad(x, (0, 0, 1, 1)).relu()), 1),
    "zero padding of the axis behind": (lambda x: F.pad(as_map(x), (1, 1)).relu().mean((-1, -2)), 1),
    "kernel from the input": (lambda x: mean(F.conv1d(ring(x), x[:1, :, :3]).relu()), None),
    "kernel of the same length, by name": (lambda x: mean(F.conv1d(x, KERNEL[..., :1], padding="same").relu()), 1),
    "no padding, by name": (lambda x: mean(F.conv1d(ring(x), KERNEL, padding="valid").relu()), 1),
    "stride of a tuple": (lambda x: mean(F.conv1d(ring(x), KERNEL, None, (3,)).relu()), 3),
    "2-D, one stride for both axes": (
        lambda x: F.conv2d(F.pad(as_map(x), (0, 0, 1, 1), mode="circular"), KERNEL[:2, :1, :, None], stride=3)
        .relu()
        .mean((-1, -2)),
        3,
    ),
    "2-D, dilated along the first axis": (
        lambda x: F.conv2d(F.pad(as_map(x), (0, 0, 3, 3), mode="circular"), KERNEL[:2, :1, :, None], dilation=(3, 1))
        .relu()
        .mean((-1, -2)),
        1,
    ),
    "2-D, zero padding along the other axis": (
        lambda x: F.conv2d(F.pad(as_map(x), (0, 0, 1, 1), mode="circular"), random(2, 1, 3, 3), padding=(0, 1))
        .relu()
        .mean((-1, -2)),
        1,
    ),
    "places as a batch": (
        lambda x: F.conv1d(x.permute(2, 1, 0), KERNEL[..., :1]).relu().mean(0).transpose(0, 1),
        1,
    ),
    "bias from the input": (lambda x: mean(F.conv1d(ring(x), KERNEL[:3], mean(x)[0]).relu()), None),
    "zeros before": (lambda x: mean(F.pad(x, (1, 0)).relu()[..., :-1]), None),
    "zeros behind": (lambda x: mean(F.pad(x, (0, 1)).relu()[..., 1:]), None),
    "padding of an axis in front": (
        lambda x: F.conv2d(F.pad(as_map(x), (0, 0, 2, 0), mode="circular"), random(2, 1, 3, 1)).relu().mean((-1, -2)),
        1,
    ),
    # Pools, and the pairs that give a delay back.
    "max, max": (lambda x: top(F.max_pool1d(conv(x), 2)), 1),
    "max, ReLU, max": (lambda x: top(F.max_pool1d(conv(x), 2).relu()), 1),
    "max, max, max": (lambda x: top(F.max_pool1d(F.max_pool1d(conv(x), 2), 3)), 1),
    "max, mean": (lambda x: mean(F.max_pool1d(conv(x), 2)), 2),
    "max, minus, max": (lambda x: top(-F.max_pool1d(conv(x), 2)), 2),
    "max, other axis, max": (lambda x: top(random(3, 4) @ F.max_pool1d(conv(x), 2)), 2),
    "max of 3 at 2": (lambda x: top(F.max_pool1d(ring(conv(x), 0, 1), 3, 2)), 1),
    "max of 2 at 3": (lambda x: top(F.max_pool1d(conv(x), 2, 3)), 3),
    "max of 3 at 1, every 2nd": (lambda x: top(F.max_pool1d(ring(conv(x)), 3, 1)[..., ::2]), 1),
    "max of 3 at 1, every 4th": (lambda x: top(F.max_pool1d(ring(conv(x)), 3, 1)[..., ::4]), 4),
    "max of 3 at 1 twice, every 4th": (
        lambda x: top(F.max_pool1d(ring(F.max_pool1d(ring(conv(x)), 3, 1)), 3, 1)[..., ::4]),
        1,
    ),
    "max with a border": (lambda x: mean(F.max_pool1d(conv(x), 3, 1, padding=1)), None),
    "dilated max": (lambda x: top(F.max_pool1d(ring(conv(x), 0, 2), 2, 2, dilation=2)), 2),
    "max that drops a rest": (lambda x: top(F.max_pool1d(conv(x), 5)), None),
    "average, mean": (lambda x: mean(F.avg_pool1d(conv(x).relu(), 3)), 1),
    "average, max": (lambda x: top(F.avg_pool1d(conv(x).relu(), 3)), 3),
    "average, ReLU, mean": (lambda x: mean((F.avg_pool1d(conv(x), 2) - 0.1).relu()), 2),
    "average, cosine, mean": (lambda x: mean(F.avg_pool1d(conv(x), 2).cos()), 2),
    "average of 3 at 2, mean": (lambda x: mean(F.avg_pool1d(ring(conv(x).relu(), 0, 1), 3, 2)), 2),
    "average of 4 at 2, mean": (lambda x: mean(F.avg_pool1d(ring(conv(x).relu(), 1, 2), 4, 2)), 1),
    "blur, mean": (lambda x: mean(grouped(conv(x, kernel=MIXING[..., None].expand(3, 3, 3)).relu(), 2, BLUR)), 1),
    "blur then every 2nd, mean": (lambda x: mean(grouped(x.relu(), 1, BLUR)[..., ::2]), 1),
    "blur then every 3rd, mean": (lambda x: mean(grouped(x.relu(), 1, BLUR)[..., ::3]), 3),
    "blur, every 2nd, every 2nd, mean": (lambda x: mean(grouped(x.relu(), 2, BLUR)[..., ::2]), 4),
    "average of 4, every 2nd, every 2nd, mean": (
        lambda x: mean(F.avg_pool1d(ring(x.relu(), 0, 3), 4, 1)[..., ::2][..., ::2]),
        1,
    ),
    "average and another map, every 2nd, mean": (
        lambda x: mean((F.avg_pool1d(ring(x.relu(), 0, 1), 2, 1) + x.cos())[..., ::2]),
        2,
    ),
    "blur, max": (lambda x: top(grouped(x.relu(), 2, BLUR)), 2),
    "uneven blur, mean": (lambda x: mean(grouped(x.relu(), 2, BLUR + torch.tensor([0, 1e-6, 0]))), 2),
    "one uneven channel": (lambda x: mean(grouped(x.relu(), 2, torch.cat([BLUR[:2], DEPTHWISE[:1]]))), 2),
    "linear throughout (I13)": (linear_throughout, 1),
    "blur along the first axis of two, mean": (
        lambda x: F.conv2d(F.pad(as_map(x).relu(), (0, 0, 1, 1), mode="circular"), BLUR[:1, None].mT, stride=(2, 1))
        .mean((-1, -2)),
        1,
    ),
    "blur of dilated taps, mean": (lambda x: mean(F.conv1d(ring(x.relu(), 3, 3), BLUR, None, 2, 0, 3, 3)), 1),
    "window of all places": (lambda x: F.avg_pool1d(conv(x).relu(), PERIOD).flatten(1) @ random(4, 2), 1),
    "window of all places at stride 1": (lambda x: F.max_pool1d(conv(x, 2), 12, 1).flatten(1) ** 2, 2),
    "adaptive to 1": (lambda x: F.adaptive_avg_pool1d(conv(x).relu(), 1).flatten(1), 1),
    "adaptive to 6, mean": (lambda x: mean(F.adaptive_avg_pool1d(conv(x).relu(), 6)), 1),
    "adaptive to 6, max": (lambda x: top(F.adaptive_avg_pool1d(conv(x).relu(), 6)), 4),
    "adaptive to 5": (lambda x: mean(F.adaptive_avg_pool1d(conv(x).relu(), 5)), None),
    "adaptive to 8 of 26 padded places": (lambda x: mean(F.adaptive_avg_pool1d(ring(x), 8).relu()), None),
    "adaptive max to 6": (lambda x: top(F.adaptive_max_pool1d(conv(x), 6)), 1),
    "pool over channels, max": (
        lambda x: F.max_pool1d(F.max_pool1d(x, 2).transpose(1, 2), 3).amax(1),
        1,
    ),
    "pool over channels, mean": (
        lambda x: F.avg_pool1d(F.avg_pool1d(x, 2).transpose(1, 2), 3).mean(1),
        1,
    ),
    "maximum over channels of averages": (
        lambda x: F.max_pool1d(F.avg_pool1d(x, 2).transpose(1, 2), 3).mean(1),
        2,
    ),
    "average over channels of maxima": (
        lambda x: F.avg_pool1d(F.max_pool1d(x, 2).transpose(1, 2), 3).amax(1),
        2,
    ),
    "2-D max along the first axis": (lambda x: F.max_pool2d(as_map(x), (4, 3)).amax((-1, -2)), 1),
    "2-D max along the first axis, mean": (lambda x: F.max_pool2d(as_map(x), (4, 3)).mean((-1, -2)), 4),
    "2-D average at a stride of its own": (lambda x: F.avg_pool2d(as_map(x), (4, 1), (4, 1)).mean((-1, -2)), 1),
    "2-D average at another stride": (lambda x: F.avg_pool2d(as_map(x), (2, 1), (3, 1)).mean((-1, -2)), 3),
    "adaptive over channels": (
        lambda x: mean(F.adaptive_avg_pool1d(F.avg_pool1d(x, 2).transpose(1, 2), 1).transpose(1, 2)),
        1,
    ),
    "adaptive over channels, maximum": (
        lambda x: top(F.adaptive_max_pool1d(F.max_pool1d(x, 2).transpose(1, 2), 1).transpose(1, 2)),
        1,
    ),
    "adaptive in 2-D": (lambda x: F.adaptive_avg_pool2d(as_map(x), (6, 3)).mean((-1, -2)), 1),
    "adaptive in 2-D, maximum": (lambda x: F.adaptive_avg_pool2d(as_map(x), (6, 3)).amax((-1, -2)), 4),
    "adaptive maximum in 2-D to one": (lambda x: F.adaptive_max_pool2d(as_map(x), 1).flatten(1), 1),
    "adaptive to one of padded places": (lambda x: F.adaptive_avg_pool1d(ring(x), 1).flatten(1), None),
    # Place by place.
    "constant": (lambda x: mean((x * 2 + 1 - x / 3).relu()), 1),
    "constant for each channel": (lambda x: mean((x * MIXING[:, :1] + MIXING[0, :, None]).relu()), 1),
    "constant mask, written out": (lambda x: mean((x * torch.ones(PERIOD)).relu()), 1),
    "position bias": (lambda x: mean((x + RAMP).relu()), None),
    "position channel": (with_a_position_channel, None),
    "constant channel": (lambda x: mean(torch.cat([x, torch.ones(len(x), 1, PERIOD)], 1).relu()), 1),
    "joined along time": (lambda x: mean(torch.cat([x, x], -1).relu()), None),
    "residual": (lambda x: mean((x + grouped(x).relu()).relu()), 1),
    "residual at another stride": (lambda x: mean((grouped(x, 2) + F.avg_pool1d(x, 2)).relu()), 2),
    "residual of moved places": (lambda x: mean((x + x.roll(5, -1)).relu()), 1),
    "gate from all places": (lambda x: mean((x * x.std(-1, keepdim=True)).relu()), 1),
    "gate from every 4th delay": (lambda x: mean(conv(x * top(F.avg_pool1d(x.abs(), 4))[..., None]).relu()), 4),
    "gate from each place": (lambda x: mean(x * x.mean((0, 1))), 1),
    "values expanded": (lambda x: mean((x + mean(x)[..., None].expand(-1, -1, PERIOD)).relu()), 1),
    "values computed for each place": (lambda x: mean((x + top(x)[..., None] * RAMP).relu()), None),
    "product of maps, max pool": (lambda x: top(F.max_pool1d(x, 2) * F.max_pool1d(x.cos(), 2)), 2),
    "product of maps, average": (lambda x: mean(F.avg_pool1d(x, 2) * F.avg_pool1d(x.cos(), 2)), 2),
    "sum of averages": (lambda x: mean(F.avg_pool1d(x.relu(), 2) + F.avg_pool1d(x.cos(), 2)), 1),
    "division by a map": (lambda x: mean(F.avg_pool1d(x, 2) / (1 + F.avg_pool1d(x.abs(), 2))), 2),
    "division by a number": (lambda x: mean(F.avg_pool1d(x, 2) / 3), 1),
    "division by a number, rounded": (lambda x: mean(torch.div(F.avg_pool1d(x, 2), 3, rounding_mode="floor")), 2),
    "where": (lambda x: mean(torch.where(x > 0, x.cos(), x)), 1),
    "nonzero": (lambda x: torch.where(x[0, 0] > 0)[0].sum()[None, None] * top(x)[:, :1], None),
    "rolled": (lambda x: mean((x + x.roll((2, 1), (-1, 1))).relu()), 1),
    "rolled through all axes": (lambda x: mean((x + x.roll(7)).relu()), None),
    "rolled without its ends": (lambda x: mean(F.conv1d(x, KERNEL).roll(3, -1)), None),
    "flip": (lambda x: mean(x.flip(-1).relu()), None),
    "sum from the start": (lambda x: mean(x.cumsum(-1)), None),
    "constant for each channel behind the places": (lambda x: (x.transpose(1, 2) * MIXING[0]).relu().mean(1), 1),
    "position bias in front of channels": (lambda x: (x.transpose(1, 2) + RAMP[:, None]).relu().mean(1), None),
    "rounded to integers, mean": (lambda x: mean(F.avg_pool1d(5 * x, 2).to(torch.int64).double()), 2),
    "rounded to integers, maximum": (lambda x: top(F.max_pool1d(5 * x, 2).to(torch.int64).double()), 1),
    "made complex and back": (lambda x: mean(F.avg_pool1d(x, 2).to(torch.complex128).real), 1),
    "dropout that is off": (lambda x: mean(F.dropout(F.avg_pool1d(x, 2), 0.5, False)), 1),
    "dropout of nothing": (lambda x: mean(F.dropout(F.avg_pool1d(x, 2), 0.0, True)), 1),
    "slope for each channel": (lambda x: mean(F.prelu(F.avg_pool1d(x, 2), MIXING[0])), 2),
    "slope for each place": (lambda x: F.prelu(x.transpose(1, 2), RAMP).mean(1), None),
    "norm of batches that have learnt": (lambda x: mean(F.batch_norm(F.avg_pool1d(x, 2), *MIXING[:2].abs())), 1),
    "norm of batches where places are channels": (
        lambda x: F.batch_norm(x.transpose(1, 2), RAMP, 1 + RAMP.abs()).relu().mean(1),
        None,
    ),
    "norm of batches that learn, without a name": (
        lambda x: mean(F.batch_norm(x, None, None, None, None, True).relu()),
        None,
    ),
    "number by a map": (lambda x: mean(1 / (2 + F.avg_pool1d(x, 2).cos())), 2),
    "minimum of two maps": (lambda x: mean(torch.min(x, grouped(x))), 1),
    # Over all places at once.
    "standard deviation": (lambda x: conv(x, 2).std(-1), 2),
    "standard deviation of everything": (lambda x: x.std(False).expand(len(x), 1), 1),
    "sum over no axis in particular": (lambda x: x.relu().sum(()).expand(len(x), 1), 1),
    "mean over a list of axes": (lambda x: x.relu().mean([1, 2])[:, None], 1),
    "norm": (lambda x: conv(x).norm(dim=-1), 1),
    "log-sum-exp of a max pool": (lambda x: F.max_pool1d(x, 2).logsumexp(-1), 2),
    "place of the maximum": (lambda x: x.max(-1).indices.double(), None),
    "maximum with its place": (lambda x: x.max(-1).values, 1),
    "argmax": (lambda x: x.argmax(-1).double(), None),
    "maximum of two maps": (lambda x: mean(torch.max(x, grouped(x))), 1),
    "softmax over places": (lambda x: mean(x * x.softmax(-1)), 1),
    "softmax of padded places, cut back": (lambda x: mean((ring(x).softmax(-1)[..., 1:-1] - 0.04).relu()), None),
    "normalised": (lambda x: mean(F.normalize(x, dim=-1).relu()), 1),
    "layer norm over places": (lambda x: mean(F.layer_norm(x, (3, PERIOD)).relu()), 1),
    "layer norm with weights for places": (lambda x: mean(F.layer_norm(x, (PERIOD,), RAMP).relu()), None),
    "group norm": (lambda x: mean(F.group_norm(x, 1).relu()), 1),
    "instance norm": (lambda x: mean(F.instance_norm(x).relu()), 1),
    "instance norm of a piece": (lambda x: mean(F.instance_norm(F.conv1d(x, KERNEL))), None),
    "norm where places are channels": (lambda x: F.group_norm(x.transpose(1, 2), 2).std(1), None),
    "norm of batches that learn": (lambda x: mean(F.batch_norm(x, None, None, training=True)), None),
    "mean over a single channel, maximum": (lambda x: top(F.max_pool1d(x[:, :1], 2).mean(1)[:, None]), 1),
    "mean over channels, maximum": (lambda x: top(F.max_pool1d(x, 2).mean(1)[:, None]), 2),
    "maximum over a single channel, mean": (lambda x: mean(F.avg_pool1d(x[:, :1], 2).amax(1)[:, None]), 1),
    "maximum over channels, mean": (lambda x: mean(F.avg_pool1d(x, 2).amax(1)[:, None]), 2),
    "maximum over channels, maximum": (lambda x: top(F.max_pool1d(x, 2).amax(1)[:, None]), 1),
    "mean over the axis behind": (lambda x: mean(as_map(x).relu().mean(-1)), 1),
    "mean over the axes before and behind": (lambda x: as_map(x).relu().mean((1, -1)).mean(-1)[:, None], 1),
    "mean over the axis behind, kept": (lambda x: as_map(x).relu().mean(-1, keepdim=True).mean(-2).flatten(1), 1),
    "maximum of everything": (lambda x: x.max().expand(len(x), 1), 1),
    "any": (lambda x: (x > 2).any(-1).double(), 1),
    "norm over channels": (lambda x: mean(x.norm(2, 1)[:, None]), 1),
    "softmax over channels of padded places": (lambda x: mean(F.conv1d(ring(x).softmax(1), KERNEL).relu()), 1),
    "softmax over places of padded ones": (lambda x: mean(F.conv1d(ring(x).softmax(2), KERNEL).relu()), None),
    "normalised over channels of padded places": (lambda x: mean(F.conv1d(F.normalize(ring(x)), KERNEL).relu()), 1),
    "layer norm over channels of padded places": (
        lambda x: mean(F.conv1d(F.layer_norm(ring(x).transpose(1, 2), (3,)).transpose(1, 2), KERNEL).relu()),
        1,
    ),
    "layer norm over padded places": (lambda x: mean(F.conv1d(F.layer_norm(ring(x), (3, 26)), KERNEL).relu()), None),
    "layer norm with named weights for places": (
        lambda x: mean(F.layer_norm(x, (PERIOD,), weight=RAMP).relu()),
        None,
    ),
    "group norm of padded places": (lambda x: mean(F.conv1d(F.group_norm(ring(x), 1), KERNEL).relu()), None),
    "group norm in 2-D": (lambda x: F.group_norm(as_map(x), 1).relu().mean((-1, -2)), 1),
    "group norm of padded places in 2-D": (
        lambda x: F.conv2d(F.group_norm(F.pad(as_map(x), (0, 0, 1, 1), mode="circular"), 1), random(2, 1, 3, 1))
        .relu()
        .mean((-1, -2)),
        None,
    ),
    "numbers of every 4th and of every 6th delay": (lambda x: mean(conv(x, 4).relu()) * mean(conv(x, 6).relu()), 12),
    "place of the largest mean": (lambda x: mean(x.relu()).max(-1).indices[:, None].double(), 1),
    # Axes.
    "flattened with another": (lambda x: mean(conv(x).flatten(1)), 1),
    "flattened, maximum": (lambda x: top(F.max_pool1d(conv(x), 2).flatten(1)), 1),
    "flattened, every 2nd": (lambda x: mean(conv(x).relu().flatten(1)[:, ::2]), None),
    "flattened, rolled": (lambda x: (x.flatten(1) + x.flatten(1).roll(1, -1)).relu().mean(-1), None),
    "flattened, spectrum": (lambda x: torch.fft.rfft(x.flatten(1)).abs(), None),
    "flattened, weights": (lambda x: conv(x).flatten(1) @ random(4 * PERIOD, 2), None),
    "flattened, convolved": (lambda x: mean(conv(x.flatten(1)[:, None].expand(-1, 3, -1)).relu()), None),
    "flattened and back": (lambda x: mean(conv(x).flatten(1).unflatten(1, (4, PERIOD)).relu()), 1),
    "places before channels": (lambda x: (x.transpose(1, 2) @ MIXING).relu().mean(1), 1),
    "places before channels, flattened": (lambda x: (x.transpose(1, 2) @ MIXING).flatten(1).relu().mean(1), 1),
    "matrix over places": (lambda x: (random(PERIOD, PERIOD) @ x.transpose(1, 2)).relu().mean(1), None),
    "places before channels, in fours": (
        lambda x: x.transpose(1, 2).unflatten(1, (6, 4)).relu().mean(1).flatten(1),
        4,
    ),
    "places before channels, flattened and back": (
        lambda x: x.transpose(1, 2).flatten(1).unflatten(1, (PERIOD, 3)).relu().mean(1),
        1,
    ),
    "places before channels, flattened, in pairs": (
        lambda x: x.transpose(1, 2).flatten(1).unflatten(1, (12, 6)).relu().mean(1),
        2,
    ),
    "places before channels, flattened, in threes": (
        lambda x: x.transpose(1, 2).flatten(1).unflatten(1, (8, 9)).relu().mean(1),
        3,
    ),
    "places before channels, flattened, cut apart": (
        lambda x: x.transpose(1, 2).flatten(1).unflatten(1, (36, 2)).relu().mean(1),
        None,
    ),
    "clips and channels flattened": (lambda x: mean(x.flatten(0, 1).relu()).unflatten(0, (len(x), 3)), 1),
    "everything flattened": (lambda x: x.reshape(-1).relu().mean().expand(len(x), 1), 1),
    "an axis behind that comes and goes": (lambda x: mean(x.unsqueeze(-1).relu().squeeze(-1)), 1),
    "permuted": (lambda x: x.permute(2, 0, 1).relu().mean(0), 1),
    "axis moved": (lambda x: x.movedim(-1, 0).relu().mean(0), 1),
    "linear over channels": (lambda x: F.linear(x.transpose(1, 2), MIXING).relu().mean(1), 1),
    "linear over places": (lambda x: F.linear(x, random(2, PERIOD)).mean(-1), None),
    "matrix from the left": (lambda x: mean((MIXING @ x).relu()), 1),
    "matrix from the left, one clip": (lambda x: (MIXING @ x[0]).relu().mean(-1).expand(len(x), 3), 1),
    "map times map": (lambda x: (x @ x.transpose(1, 2)).flatten(1), None),
    "patches": (patches, 4),
    "frames": (lambda x: frames(ring(x, 3, 2)), 2),
    "frames of a list of places": (lambda x: frames(x[..., torch.arange(-3, PERIOD + 2) % PERIOD]), 2),
    "a list of some places": (lambda x: mean(x[..., torch.tensor([0, 2, 3])]), None),
    "a list in another order": (lambda x: mean(conv(x[..., torch.arange(PERIOD) * 5 % PERIOD]).relu()), None),
    "a mask": (lambda x: mean(x[..., torch.arange(PERIOD) > 3]), None),
    "first half": (lambda x: mean(x[..., : PERIOD // 2].relu()), None),
    "no place at all": (lambda x: x[..., :0].sum(-1), None),
    "one place": (lambda x: x[..., 0], None),
    "channels picked": (lambda x: mean(x[:, 1:, None].relu()[:, 0]), 1),
    "channels split": (lambda x: mean(torch.cat(x.split(1, dim=1)[::-1], 1).relu()), 1),
    "channels chunked": (lambda x: mean(x[:, :2].chunk(2, 1)[1].sigmoid()), 1),
    "channels in one piece": (lambda x: mean(x.chunk(1, 1)[0].relu()), 1),
    "channels unbound": (lambda x: mean(x.unbind(1)[1].relu())[:, None], 1),
    "a square map, one place": (lambda x: conv(x, kernel=random(PERIOD, 3, 3)).unbind(-1)[3].std(-1), None),
    "places unbound": (lambda x: x.unbind(-1)[3], None),
    "gated channels": (lambda x: mean(F.glu(x[:, :2], 1)), 1),
    "gated places": (lambda x: mean(F.glu(x, -1)), None),
    "gated along the last axis, which is not named": (lambda x: mean(F.glu(x)), None),
    "spectrum of channels": (lambda x: mean(torch.fft.rfft(x, dim=1).abs()), 1),
    "magnitude spectrum of all (I22)": (lambda x: torch.fft.rfft(x).abs()[..., 1:9].flatten(1), 1),
    "magnitude spectrum after stride 3": (lambda x: torch.fft.rfft(conv(x, 3)).abs().flatten(1), 3),
    "magnitude spectrum with zeros appended": (lambda x: torch.fft.rfft(x, n=32).abs().flatten(1), None),
    "spectrum with its phases": (lambda x: torch.view_as_real(torch.fft.rfft(x)).flatten(1), None),
    "spectrum and nothing else": (torch.fft.rfft, None),
    "phases": (lambda x: torch.fft.rfft(x).real.flatten(1), None),
    "matrix times the places": (lambda x: (random(PERIOD, PERIOD) @ x[0, 0]).relu().mean().expand(len(x), 1), None),
    "places times matrix": (lambda x: (x[0, 0] @ random(PERIOD, PERIOD)).relu().mean().expand(len(x), 1), None),
    "matrix over places, from the right": (
        lambda x: x.transpose(1, 2).__rmatmul__(random(PERIOD, PERIOD)).relu().mean(1),
        None,
    ),
    "permuted by a list": (lambda x: torch.permute(x, (1, 2, 0)).relu().mean(1).permute([1, 0]), 1),
    "permuted by name": (lambda x: torch.permute(x, dims=(-1, 0, 1)).relu().mean(0), 1),
    "other axes swapped": (lambda x: x[:, None].transpose(1, 2).relu().mean(-1).flatten(1), 1),
    "axis before moved behind": (lambda x: x.movedim(1, -1).relu().mean(1), 1),
    "batch moved behind": (lambda x: x.movedim(0, -1).relu().mean(1).movedim(0, 1), 1),
    "channels split by their number": (lambda x: mean(x.split([1, 2], 1)[1].relu()), 1),
    "clips split": (lambda x: mean(x.split(1)[0].relu()).expand(len(x), 3), 1),
    "channels behind split": (lambda x: x.transpose(1, 2).split(1, -1)[1].relu().mean(1), 1),
    "channels behind unbound": (lambda x: x.transpose(1, 2).unbind(-1)[1].relu().mean(-1)[:, None], 1),
    "channels unbound by name": (lambda x: mean(x.unbind(dim=1)[1].relu())[:, None], 1),
    "clips unbound": (lambda x: mean(x.unbind()[1].relu()).expand(len(x), 3), 1),
    "places chunked": (lambda x: mean(x.chunk(2, -1)[1].relu()), None),
    "channels in overlapping pairs": (lambda x: x.unfold(1, 2, 1).relu().mean(2).flatten(1), 1),
    "a list of places and all channels": (lambda x: mean(conv(x[:, :, torch.arange(PERIOD)]).relu()), 1),
    "a list of places of one channel": (lambda x: mean(x[:, 0, torch.arange(PERIOD)].relu())[:, None], None),
    "a list of channels, which is not read": (lambda x: mean(x[:, torch.tensor([2, 0])].relu()), None),
    "channels picked, and the rest as it is": (lambda x: mean(x[:, 1:, ...].relu()), 1),
    "two lists": (lambda x: mean(x[torch.tensor([0, 1]), :, torch.arange(2)].relu()).expand(len(x), -1), None),
    "every 2nd place and one channel": (lambda x: mean(x[:, 1, ::2].relu())[:, None], 2),
    "every 3rd place, with an axis before": (lambda x: x[:, None, ..., ::3].relu().mean(-1).flatten(1), 3),
    "with an axis behind": (lambda x: x[..., None].relu().mean(-2).flatten(1), 1),
    "one of the axis behind": (lambda x: x.transpose(1, 2)[..., 1].relu().mean(-1)[:, None], 1),
    "some of the axis behind": (lambda x: x.transpose(1, 2)[:, :, 1:].relu().mean(1), 1),
    "magnitude spectrum, its length said": (lambda x: torch.fft.rfft(x, n=PERIOD).abs().flatten(1), 1),
    "magnitude spectrum of some": (lambda x: torch.fft.rfft(x, n=20).abs().flatten(1), None),
    "some of a spectrum": (lambda x: torch.fft.rfft(x)[..., 1:9].abs().flatten(1), 1),
    "some of the spectrum of a channel": (lambda x: torch.fft.rfft(x)[:, 1, 3:].abs(), 1),
    "a list of a spectrum, which is not read": (
        lambda x: torch.fft.rfft(x)[..., torch.tensor([1, 2])].abs().flatten(1),
        None,
    ),
    "magnitude of the full spectrum": (lambda x: torch.fft.fft(x).abs()[:, :, 1].flatten(1), 1),
    "bits": (lambda x: x.view(torch.int64).double().mean(-1), None),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_a_rule_derives_the_known_answer_and_all_delays_agree(name):
    function, expected = KNOWN[name]
    constants = rng.get_state()

    def respond(x):
        rng.set_state(constants)  # the same constants in every call
        return function(x.double())

    derived = derive(respond, (3, PERIOD)).modulus
    assert derived == expected
    exact = true_modulus(respond, SOUNDS)
    assert (derived or PERIOD) % exact == 0, f"certified {derived}, true {exact}"
    assert derived is None or exact == derived, f"certified {derived}, but {exact} would do"

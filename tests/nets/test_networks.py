"""Networks: shapes, what convolution gives by itself, and controls that must fail."""

import itertools

import pytest
import torch
from torch import nn

from audioinv.errors import InputError
from audioinv.nets.network_config import FREQUENCY_AWARENESS, HEADS, PADDINGS, NetworkConfig
from audioinv.nets.networks import ConvNet, n_multiplications, n_parameters
from audioinv.nets.pooling import Pooling

EPS = torch.finfo(torch.float64).eps
KINDS = ("max", "average", "stride", "none", "blur2", "maxblur3", "lowpass4", "polyphase", "blur3-polyphase")
SHAPES = [(1, 65), (8, 33), (1, 16, 33)]


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(4)


def build(seed=0, **options):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return ConvNet(NetworkConfig(**{"n_classes": 3, "channels": (4, 5), **options})).double().eval()


def config_of(shape, **options):
    """Return the configuration whose time is as near below as the phases allow."""
    for n_time in range(shape[-1], 0, -1):
        try:
            return NetworkConfig(
                **{"n_classes": 3, "channels": (4, 5), "input_shape": (*shape[:-1], n_time), **options}
            )
        except InputError as error:
            if "phases along time" not in str(error):
                raise
    raise AssertionError


def assert_answers_and_learns_from_all_its_weights(config):
    network = ConvNet(config).double()
    inputs = torch.randn(4, *config.input_shape, dtype=torch.float64)
    assert tuple(network.stages(inputs).shape[1:]) == (config.channels[-1], *config.final_shape)
    logits = network(inputs)
    assert logits.shape == (4, 3)
    logits.square().sum().backward()
    assert all(weights.grad is not None and weights.grad.any() for weights in network.parameters())


@pytest.mark.parametrize(("shape", "kind", "padding"), list(itertools.product(SHAPES, KINDS, PADDINGS)))
def test_every_downsampling_and_padding(shape, kind, padding):
    assert_answers_and_learns_from_all_its_weights(config_of(shape, downsampling=kind, padding=padding))


@pytest.mark.parametrize(
    ("shape", "head"),
    [pair for pair in itertools.product(SHAPES, HEADS) if len(pair[0]) == 3 or "frequency" not in pair[1]],
)
def test_every_head(shape, head):
    assert_answers_and_learns_from_all_its_weights(config_of(shape, head=head, padding="circular"))


@pytest.mark.parametrize(
    ("frequency", "time"), list(itertools.product(("max", "average", "stride", "none", "maxblur3", "polyphase"), KINDS))
)
@pytest.mark.parametrize("frequency_padding", PADDINGS)
def test_every_pair_of_axes(frequency, time, frequency_padding):
    config = config_of(
        (1, 18 if frequency_padding == "none" else 16, 36),
        downsampling=time,
        frequency_downsampling=frequency,
        frequency_padding=frequency_padding,
        factor=3,
        frequency_factor=2,
        channels=(3,),
    )
    assert_answers_and_learns_from_all_its_weights(config)


@pytest.mark.parametrize("awareness", FREQUENCY_AWARENESS)
@pytest.mark.parametrize("kind", ["max", "stride", "none", "polyphase"])
@pytest.mark.parametrize("frequency_padding", ["zero", "circular"])
def test_every_frequency_awareness(awareness, kind, frequency_padding):
    options = {"frequency_awareness": awareness, "downsampling": kind, "frequency_padding": frequency_padding}
    assert_answers_and_learns_from_all_its_weights(config_of((1, 16, 36), **options))


@pytest.mark.parametrize("shape", [(1, 64), (4, 64), (1, 12, 64)])
def test_circular_network_with_average_head_ignores_delays_by_its_stride(shape):
    network = build(input_shape=shape, padding="circular", head="average")
    sound = torch.randn(2, *shape, dtype=torch.float64)
    stride = network.config.time_stride
    assert stride == 4
    clean = network(sound)
    for delay in range(0, 64, stride):
        torch.testing.assert_close(network(sound.roll(delay, -1)), clean, atol=64 * EPS, rtol=0)
    assert (network(sound.roll(1, -1)) - clean).abs().max() > 1e-4  # the control: a fraction of the stride does not


def test_zero_padding_and_a_flatten_head_each_break_it():
    sound = torch.zeros(1, 1, 64, dtype=torch.float64)
    sound[..., :9] = torch.randn(9, dtype=torch.float64)
    for options in ({"padding": "zero", "head": "average"}, {"padding": "circular", "head": "flatten"}):
        network = build(input_shape=(1, 64), **options)
        with torch.no_grad():
            assert (network(sound.roll(-4, -1)) - network(sound)).abs().max() > 1e-4


def test_stem_has_its_own_kernel_and_stride():
    network = build(input_shape=(1, 400), stem_kernel=16, stem_stride=4, factor=2)
    assert network.config.time_stride == 16
    assert network.stages(torch.zeros(1, 1, 400, dtype=torch.float64)).shape[-1] == network.config.final_shape[-1]


def test_an_even_stem_looks_one_sample_further_back():
    convolution = build(input_shape=(1, 24), stem_kernel=6, channels=(1,)).stages[0]
    with torch.no_grad():
        convolution.convolution.weight.copy_(torch.arange(1.0, 7.0))
    impulse = torch.eye(24, dtype=torch.float64)[12].expand(1, 1, 24)
    assert convolution(impulse)[0, 0, 9:17].tolist() == [0, 6, 5, 4, 3, 2, 1, 0]  # seen 2 before to 3 after


@pytest.mark.parametrize("kind", ["max", "blur3", "maxblur4", "none"])
def test_without_padding_a_network_computes_what_lies_inside(kind):
    inside = build(input_shape=(1, 60), downsampling=kind, padding="none", channels=(4,))
    padded = build(input_shape=(1, 60), downsampling=kind, padding="zero", channels=(4,))
    assert inside.config.final_shape == {"max": (29,), "blur3": (28,), "maxblur4": (27,), "none": (58,)}[kind]
    padded.load_state_dict(inside.state_dict())
    sound = torch.randn(1, 1, 60, dtype=torch.float64)
    inner = inside.stages(sound)
    # What the convolution and the filter see before the sound, the padded network adds in front.
    first = {"max": 1, "blur3": 2, "maxblur4": 2, "none": 1}[kind]
    same = padded.stages(sound.roll(-first, -1))
    n_same = inner.shape[-1] - 4
    torch.testing.assert_close(inner[..., 2:n_same], same[..., 2:n_same], atol=16 * EPS, rtol=0)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "polyphase" not in kind])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("n_time", [24, 25, 26, 31])
def test_final_shape_is_what_comes_out(kind, padding, n_time):
    network = build(input_shape=(1, 9, n_time), downsampling=kind, padding=padding)
    inputs = torch.zeros(1, 1, 9, n_time, dtype=torch.float64)
    assert tuple(network.stages(inputs).shape[2:]) == network.config.final_shape


def positive(network):
    """Make every map grow with every input, so that what an output sees is what moves it."""
    with torch.no_grad():
        for weights in network.parameters():
            weights.abs_().add_(0.01)
    return network


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "polyphase" not in kind])
@pytest.mark.parametrize("options", [{}, {"stem_kernel": 6, "stem_stride": 2}], ids=["", "stem"])
def test_receptive_field_is_what_moves_a_value_of_the_last_map(kind, options):
    network = positive(build(input_shape=(1, 120), downsampling=kind, channels=(2, 2), **options))
    middle = network.config.final_shape[0] // 2
    quiet = torch.rand(1, 1, 120, dtype=torch.float64)
    louder = quiet + 1e3 * torch.eye(120, dtype=torch.float64)[:, None]
    moved = (network.stages(louder) != network.stages(quiet))[..., middle].any(1)
    assert moved.sum() == network.config.receptive_field[0]
    assert moved.nonzero().ravel().diff().eq(1).all() or kind == "stride"


def test_receptive_field_along_frequency_and_by_hand():
    config = NetworkConfig((1, 64, 64), 3, (2, 2), downsampling="max", frequency_downsampling="blur5")
    # convolution 3, pool 2, convolution 3 at a distance of 2, pool 2 at a distance of 2
    assert config.receptive_field == (1 + 2 + 4 + 2 * 2 + 4 * 2, 1 + 2 + 1 + 2 * 2 + 1 * 2)


@pytest.mark.parametrize("shape", [(2, 32), (1, 8, 32)])
@pytest.mark.parametrize("kind", KINDS)
def test_stride_is_the_least_delay_that_rolls_the_last_map(shape, kind):
    frequency = {"frequency_downsampling": "none"} if len(shape) == 3 else {}
    network = build(input_shape=shape, downsampling=kind, padding="circular", **frequency)
    sound = torch.randn(1, *shape, dtype=torch.float64)
    maps, stride = network.stages(sound), network.config.time_stride

    def is_a_roll(delay):
        moved = network.stages(sound.roll(delay, -1))
        return any((moved - maps.roll(turn, -1)).abs().max() < 256 * EPS for turn in range(maps.shape[-1]))

    assert stride == (1 if kind == "none" else 4)
    torch.testing.assert_close(network.stages(sound.roll(stride, -1)), maps.roll(1, -1), atol=256 * EPS, rtol=0)
    if kind != "none":
        # Polyphase rolls its map at every delay; a fraction of the stride is no roll of the others'.
        assert is_a_roll(1) == ("polyphase" in kind)


@pytest.mark.parametrize("shape", [(2, 24), (1, 8, 24)])
def test_without_downsampling_a_circular_network_commutes_with_every_roll(shape):
    sound = torch.randn(1, *shape, dtype=torch.float64)
    apart = {}
    for kind, padding in (("none", "circular"), ("none", "zero"), ("stride", "circular")):
        stages = build(input_shape=shape, downsampling=kind, padding=padding).stages
        turn = 1 if kind == "none" else 0
        apart[kind, padding] = max(
            (stages(sound.roll(delay, -1)) - stages(sound).roll(delay * turn, -1)).abs().max()
            for delay in range(1, 24, 2)
        )
    assert apart.pop(("none", "circular")) <= 64 * EPS
    assert min(apart.values()) > 1e-3  # zeros at the border, or a plain stride at an odd roll


@pytest.mark.parametrize("shape", [(2, 32), (1, 16, 32)])
def test_dilation_computes_between_what_a_stride_keeps(shape):
    frequency = {"frequency_downsampling": "none"} if len(shape) == 3 else {}
    strided = build(input_shape=shape, downsampling="stride", padding="circular", **frequency)
    dilated = build(input_shape=shape, downsampling="none", padding="circular", **frequency)
    dilated.load_state_dict(strided.state_dict())
    sound = torch.randn(2, *shape, dtype=torch.float64)
    torch.testing.assert_close(dilated.stages(sound)[..., ::4], strided.stages(sound), atol=64 * EPS, rtol=0)
    assert strided.config.receptive_field == dilated.config.receptive_field


def test_a_stride_keeps_every_other_value_of_the_dense_convolution():
    strided = build(input_shape=(1, 8, 33), downsampling="stride", channels=(4,))
    dense = build(input_shape=(1, 8, 33), downsampling="none", channels=(4,))
    dense.load_state_dict(strided.state_dict())
    sound = torch.randn(2, 1, 8, 33, dtype=torch.float64)
    torch.testing.assert_close(strided.stages(sound), dense.stages(sound)[..., ::2, ::2], atol=64 * EPS, rtol=0)


@pytest.mark.parametrize("shape", [(2, 32), (1, 16, 32)])
@pytest.mark.parametrize("head", ["average", "max", "average+max"])
def test_polyphase_answers_every_delay_alike_and_a_stride_does_not(shape, head):
    sound = torch.randn(2, *shape, dtype=torch.float64)
    changes = {}
    for kind in ("polyphase", "stride"):
        network = build(input_shape=shape, downsampling=kind, padding="circular", head=head, channels=(4, 4, 4))
        clean = network(sound)
        changes[kind] = [(network(sound.roll(delay, -1)) - clean).abs().max() for delay in range(32)]
    assert max(changes["polyphase"]) <= 256 * EPS
    assert min(changes["stride"][1::2]) > 1e-3


def test_heads_are_what_they_say():
    maps = torch.randn(2, 5, 4, 9, dtype=torch.float64)
    features = {
        head: build(input_shape=(1, 16, 36), head=head).head.features(maps)
        for head in ("flatten", "average", "max", "average+max", "frequency-average-time-max")
    }
    array = maps.numpy()
    by_numpy = {
        "flatten": array.reshape(2, -1),
        "average": array.mean((2, 3)),
        "max": array.max((2, 3)),
        "frequency-average-time-max": array.mean(2).max(2),
    }
    for head, expected in by_numpy.items():
        torch.testing.assert_close(features[head], torch.from_numpy(expected), atol=8 * EPS, rtol=0)
    assert torch.equal(features["average+max"], torch.cat([features["average"], features["max"]], 1))


def count_by_hooks(network):
    """Count multiply-adds module by module, while it answers: each value made costs one kernel."""
    counts = []
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda m, _, made: counts.append(made.numel() * m.weight[0].numel()))
        if isinstance(module, Pooling):
            for lowpass in module.filters:
                lowpass.register_forward_hook(
                    lambda m, _, made: counts.append(made.numel() * max(window.width for window in m.windows))
                )
    network(torch.zeros(1, *network.config.input_shape, dtype=torch.float64))
    return sum(counts)


@pytest.mark.parametrize("options", [{}, *({"frequency_awareness": name} for name in FREQUENCY_AWARENESS[1:])])
@pytest.mark.parametrize("kind", KINDS)
def test_costs_are_those_of_the_modules(kind, options):
    network = build(input_shape=(1, 16, 36), downsampling=kind, frequency_downsampling="max", **options)
    assert n_multiplications(network.config) == count_by_hooks(network)
    assert n_parameters(network.config) == sum(weights.numel() for weights in network.parameters())


def test_costs_by_hand():
    config = NetworkConfig((1, 8), 3, (2,), downsampling="blur3")
    assert n_multiplications(config) == 8 * 2 * 3 + 4 * 2 * 3 + 2 * 3  # convolution, blur, linear
    assert n_parameters(config) == 2 * 3 + 2 * 2 + 2 * 3 + 3  # convolution, norm, linear, bias


def test_a_coordinate_channel_is_the_place_of_the_bin():
    aware = build(input_shape=(1, 5, 8), channels=(3,), frequency_awareness="coordinate").stages[0]
    maps = torch.randn(2, 1, 5, 8, dtype=torch.float64)
    place = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0], dtype=torch.float64)[:, None].expand(2, 1, 5, 8)
    by_hand = nn.functional.conv2d(torch.cat([maps, place], 1), aware.convolution.weight, padding=1)
    torch.testing.assert_close(aware(maps), by_hand, atol=16 * EPS, rtol=0)
    assert "stages.0.place" not in build(input_shape=(1, 5, 8), frequency_awareness="coordinate").state_dict()


@pytest.mark.parametrize("kind", ["max", "stride"])
def test_a_dynamic_convolution_has_a_kernel_for_each_bin(kind):
    network = build(input_shape=(1, 12, 16), downsampling=kind, frequency_awareness="dynamic")
    first, dynamic = (network.stages[place] for place in ((0, 4) if kind == "max" else (0, 3)))
    assert first.attention is None
    maps = torch.randn(2, 4, 6, 8, dtype=torch.float64)
    shares = dynamic.attention(maps)
    squeeze, norm, _, excite = dynamic.attention.layers
    hidden = nn.functional.conv1d(maps.mean(3), squeeze.weight, padding=1, stride=squeeze.stride)
    scores = torch.einsum("kc,bcn->bkn", excite.weight[..., 0], norm(hidden).relu()) + excite.bias[:, None]
    torch.testing.assert_close(shares, (scores / 31).softmax(1), atol=8 * EPS, rtol=0)
    torch.testing.assert_close(shares.sum(1), torch.ones_like(shares[:, 0]), atol=4 * EPS, rtol=0)
    basis = dynamic.convolution.weight.unflatten(0, (4, -1))
    made, stride = dynamic(maps), 1 if kind == "max" else 2
    for example, row in itertools.product(range(2), range(made.shape[2])):
        kernel = sum(shares[example, k, row] * basis[k] for k in range(4))
        alone = nn.functional.conv2d(maps[example : example + 1], kernel, stride=stride, padding=1)
        torch.testing.assert_close(made[example, :, row], alone[0, :, row], atol=64 * EPS, rtol=0)
    assert shares.std(-1).max() > 1e-5


def test_a_coordinate_tells_frequencies_apart_and_an_attention_to_content_alone_does_not():
    sound = torch.randn(2, 1, 16, 16, dtype=torch.float64)
    changes = {}
    for awareness in FREQUENCY_AWARENESS:
        options = {"downsampling": "none", "padding": "circular", "frequency_padding": "circular"}
        network = build(input_shape=(1, 16, 16), frequency_awareness=awareness, **options)
        changes[awareness] = (network(sound.roll(3, -2)) - network(sound)).abs().max()
    assert changes["none"] <= 64 * EPS
    assert changes["dynamic"] <= 64 * EPS  # the shares move along with the bins; only a border or a stride tells
    assert changes["coordinate"] > 1e-3


def test_batch_order_and_size_do_not_matter():
    network = build(input_shape=(1, 12, 40))
    sounds = torch.randn(5, 1, 12, 40, dtype=torch.float64)
    together = network(sounds)
    for i in range(5):
        torch.testing.assert_close(network(sounds[i : i + 1])[0], together[i], atol=64 * EPS, rtol=0)


def test_same_seed_same_weights():
    first, again, other = (build(seed, input_shape=(1, 40)).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"head": "attention"}, "head='attention' is not one of flatten, average, max, average\\+max"),
        ({"padding": "reflect"}, "padding='reflect'"),
        ({"frequency_awareness": "place"}, "frequency_awareness='place' is not one of none, coordinate, dynamic"),
        ({"downsampling": "blur"}, "downsampling='blur'"),
        ({"factor": 0}, "must be positive"),
        ({"frequency_downsampling": "max"}, "frequency_downsampling='max' is for 2-D networks only"),
        ({"frequency_awareness": "dynamic"}, "frequency_awareness='dynamic' is for 2-D networks only"),
        ({"head": "frequency-average-time-max"}, "for 2-D networks only"),
        (
            {"downsampling": "polyphase", "input_shape": (1, 66)},
            "leaves 33 values in stage 2, which do not split into 2 phases along time; 64 would do",
        ),
        (
            {"frequency_downsampling": "polyphase", "input_shape": (1, 10, 66)},
            "leaves 5 values in stage 2, which do not split into 2 phases along frequency; 8 would do",
        ),
        ({"downsampling": "blur7", "input_shape": (1, 6)}, "too small for 2 stages along time; 7 would do"),
        ({"kernel_size": 4}, "kernel_size=4 must be odd"),
        ({"input_shape": (1, 3)}, "too small for 2 stages"),
        ({"input_shape": (64,)}, "must be"),
        ({"channels": ()}, "n_classes=3 and channels=\\(\\) must each name one at least"),
    ],
)
def test_errors(options, words):
    with pytest.raises(InputError, match=words):
        NetworkConfig(**{"input_shape": (1, 64), "n_classes": 3, "channels": (4, 5), **options})


def test_a_coordinate_made_on_the_processor_does_not_stop_the_count(monkeypatch):
    made = torch.linspace
    monkeypatch.setattr(torch, "linspace", lambda *args, **options: made(*args, **{**options, "device": "cpu"}))
    config = NetworkConfig(input_shape=(1, 16, 32), n_classes=3, channels=(4,), frequency_awareness="coordinate")
    assert n_multiplications(config) > 0

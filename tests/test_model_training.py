"""From a corpus to a model: a window that cannot be meant is refused before any is laid."""

import numpy as np
import pytest

import audioinv
from audioinv.corpus.entries import Corpus, CorpusEntry
from audioinv.errors import InputError
from audioinv.sound.audio import write_audio

RATE = 4000


def corpus(folder, rng, seconds):
    """Two classes on every side; the first clip is the longest."""
    entries = []
    for split in ("train", "valid", "test"):
        for place in range(4):
            path = folder / f"{split}{place}.wav"
            length = seconds if not entries else seconds / 2
            write_audio(path, 0.1 * rng.standard_normal(round(length * RATE)), RATE)
            entries.append(CorpusEntry(path, label="ab"[place % 2], split=split))
    return Corpus("noises", tuple(entries))


def options(window):
    quick = audioinv.TrainingConfig(epochs=1, batch_size=4)
    return audioinv.ModelOptions("m", "cnn1d-mel", sample_rate=RATE, window_seconds=window, training=quick)


@pytest.mark.parametrize(("seconds", "most", "meant"), [(1.25, 12.5, "1.3"), (0.2, 10, "0.2")])
def test_a_window_is_at_most_ten_times_the_longest_clip_or_10_seconds(tmp_path, rng, seconds, most, meant):
    found = corpus(tmp_path, rng, seconds)
    with pytest.raises(InputError) as caught:
        audioinv.train(found, options(most + 0.1))
    assert str(caught.value) == (
        f"window={most + 0.1:g} s is more than 10 times the longest clip ({seconds:.3f} s); "
        f"a window is in seconds, e.g. {meant}"
    )
    assert audioinv.train(found, options(most)).model.spec.n_samples == np.round(most * RATE)

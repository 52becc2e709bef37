"""Write two small classifiers of transformers with random weights, as `save_pretrained` leaves any."""

import sys
from pathlib import Path

import torch
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    ASTForAudioClassification,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForSequenceClassification,
)

LABELS = {0: "low", 1: "middle", 2: "high"}


def write(folder):
    """Write the folders ``ast`` and ``wav2vec2``."""
    torch.manual_seed(0)
    ast = ASTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_mel_bins=64,
        max_length=64,
        id2label=LABELS,
    )
    ASTForAudioClassification(ast).save_pretrained(folder / "ast")
    ASTFeatureExtractor(num_mel_bins=64, max_length=64).save_pretrained(folder / "ast")
    wav2vec2 = Wav2Vec2Config(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        conv_dim=(32,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=16,
        id2label=LABELS,
    )
    Wav2Vec2ForSequenceClassification(wav2vec2).save_pretrained(folder / "wav2vec2")
    Wav2Vec2FeatureExtractor().save_pretrained(folder / "wav2vec2")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))

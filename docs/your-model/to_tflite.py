"""Convert a network of audioinv to TensorFlow Lite with litert-torch (``pip install litert-torch``)."""

import sys

import litert_torch
import torch

from audioinv.nets.library import load_model

source, target = sys.argv[1:]
model = load_model(source)
example = torch.zeros(1, model.spec.n_samples)
litert_torch.convert(model.classifier.eval(), (example,)).export(target)

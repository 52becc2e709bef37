"""Front ends and networks, training, checkpoints, models by name."""

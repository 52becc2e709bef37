"""The gate: rules about the numbers of a results folder, and what became of them."""

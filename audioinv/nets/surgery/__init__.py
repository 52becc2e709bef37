"""Surgery on networks that somebody else wrote: other downsampling or averages over delays; they stay as they are."""

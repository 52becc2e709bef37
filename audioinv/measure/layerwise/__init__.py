"""Numbers of single layers: what moves, what stays and what is lost, layer by layer."""

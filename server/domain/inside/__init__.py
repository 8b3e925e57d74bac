"""What the layers of a model say at a position, and what of it is worth telling."""

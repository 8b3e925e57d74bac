"""Train the bundled model from scratch, and measure it."""

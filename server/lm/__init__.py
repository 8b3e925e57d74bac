"""Language models: the only place that imports torch, and it does so only once one is loaded."""

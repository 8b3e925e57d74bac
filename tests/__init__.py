"""Tests."""

import atexit
import gc

# torch and its kin are a million objects that live until the end: looking for garbage among them
# took a fifth of the time until the first test, and a second after the last.
gc.disable()
atexit.register(gc.freeze)

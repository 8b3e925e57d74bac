"""A model beside a web service."""

from __future__ import annotations

import torch

from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import ModelSource


def load_on_one_thread(source: ModelSource) -> PassageScorer:
    """Load the model for scoring on the calling thread alone: the other cores serve requests.

    Raises ModelUnavailable where transformers cannot read it.
    """
    torch.set_num_threads(1)
    return PassageScorer(load_model(source))

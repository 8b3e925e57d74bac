"""Play: rounds, and what it takes to answer, show and record each kind of answer."""

"""Models score passages: all of a corpus, a file of scores, or a text whose player waits."""

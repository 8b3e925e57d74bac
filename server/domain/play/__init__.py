"""The rules of the game: rounds, and what a guess, a bet, a duel or a set of tries is worth."""

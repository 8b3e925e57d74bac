"""How far a number can be trusted: intervals of accuracy, bets and duels, from one variance."""

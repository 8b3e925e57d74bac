"""The game's rules and mathematics: standard library and numpy only; no Flask, SQL or torch."""

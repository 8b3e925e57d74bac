"""HTTP: parse, call one service, render. No rules and no SQL here."""

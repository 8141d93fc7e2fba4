"""How do the databases of earlier tools become ours? `source` reads, `rows` turns, `takeover` swaps them in."""

"""One night's replay after the other: where each is kept, for how long, and what is said of it."""

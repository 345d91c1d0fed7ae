"""Which execution environment serves an invocation, and how long each is kept."""

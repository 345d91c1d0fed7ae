"""The pool of execution environments: which of them serves an invocation, and how long each is kept."""

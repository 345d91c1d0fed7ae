"""A stage's `shadow`: copies of requests go to another side, and both answers are compared."""

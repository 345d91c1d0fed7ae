"""Comparing what two sides answered: `migrate compare` and a stage's `shadow` use the same rules."""

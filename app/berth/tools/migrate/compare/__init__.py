"""`berth migrate compare`: the same events or requests to two sides, and what their answers differ in."""

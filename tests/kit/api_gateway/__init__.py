"""API Gateway as far as its documents describe it: routes, authorizers, mappings, and its own headers."""

"""Lambda's own API: other services, functions and SDKs invoke functions through it; see blueprint.py."""

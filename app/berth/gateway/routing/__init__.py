"""Which route a request belongs to, by the rules of each kind of API."""

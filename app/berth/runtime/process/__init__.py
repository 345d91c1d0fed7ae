"""Process environments run each function in a process of its own."""

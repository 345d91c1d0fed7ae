"""Where events and requests come from: each kind of file is recognised by what it holds."""

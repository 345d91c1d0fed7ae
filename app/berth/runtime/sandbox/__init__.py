"""The sandbox: how the process of a function is kept from others and from the server."""

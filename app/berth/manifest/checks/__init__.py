"""What no schema of one manifest can see: checks of functions, routes and authorizers."""

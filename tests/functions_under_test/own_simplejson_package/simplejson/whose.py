WHOSE = "the function's own package"

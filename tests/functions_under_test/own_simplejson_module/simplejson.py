WHOSE = "the function's own module"

GREETING = "from the function's own app"

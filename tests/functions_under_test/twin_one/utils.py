WHO = "utils of twin one"

WHO = "late of twin one"

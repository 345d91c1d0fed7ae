WHO = "late of twin two"

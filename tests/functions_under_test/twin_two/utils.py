WHO = "utils of twin two"

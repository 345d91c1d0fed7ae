IMPORTED = [__name__]

raise ImportError("the driver is gone")

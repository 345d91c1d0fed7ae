WHERE = "beside the handler"

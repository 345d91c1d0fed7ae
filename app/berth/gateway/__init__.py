"""What API Gateway, a load balancer or a function URL does in front of a function. Flask starts here."""

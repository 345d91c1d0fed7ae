"""Reading the APIs of templates: API Gateway, load balancers and function URLs.

`read_apis` in reading.py is what other folders may import.
"""

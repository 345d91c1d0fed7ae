"""The OpenAPI document that API Gateway imports: `openapi_document` in document.py, and its checks."""

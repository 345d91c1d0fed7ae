"""Decides who may call a function: Lambda authorizers, JWTs, Cognito user pools, IAM and API keys."""

"""Who may call: Lambda authorizers, JWTs, Cognito user pools and IAM, run by Berth itself.

Public: `decide` of `decision`, handed an `Invoke` by the factory.
"""

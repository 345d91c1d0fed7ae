"""Reading serverless.yml: its variables are resolved, and its service becomes a CloudFormation template."""

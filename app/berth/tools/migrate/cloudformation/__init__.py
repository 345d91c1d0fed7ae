"""Reading CloudFormation: SAM, CDK, packaged Serverless and Chalice become templates of it first."""

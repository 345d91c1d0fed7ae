"""Reading Terraform: what `terraform show -json` prints becomes a template of CloudFormation."""

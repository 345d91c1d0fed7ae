"""Reading a live account, read only: what AWS answers becomes a template of CloudFormation."""

"""The CloudFormation template: `template_document` in document.py, and one module per family of resources."""

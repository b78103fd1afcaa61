"""AWS: every function of the table as a Lambda function, with what calls and guards it, by CloudFormation."""

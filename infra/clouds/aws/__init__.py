"""AWS: every function of the table as a Lambda function, with its schedules and permissions, by CloudFormation."""

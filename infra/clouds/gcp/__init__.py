"""Google Cloud: every function of the table as a Cloud Run function, with its schedules and permissions."""

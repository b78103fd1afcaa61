"""Google Cloud: every function of the table as a Cloud Run function, with what calls and guards it, by ``gcloud``."""

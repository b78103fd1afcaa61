"""Subscriptions of a page by mail: the form's answer, and the pages behind the links in mails."""

"""Submission by SMTP AUTH: the logon of clients, devices and applications, and what it lets them do."""

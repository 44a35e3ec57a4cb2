"""Causes in how the two sides speak SMTP and MIME, whoever of them errs."""

"""SPF, DKIM and DMARC: mail whose sender the receiver could not verify."""

"""A mailbox for everybody: mails come in by SMTP and are read over HTTP."""

"""What the services return, by subject: the JSON contract of the HTTP interface."""

"""What the services answer, by subject: the JSON contract of the HTTP interface."""

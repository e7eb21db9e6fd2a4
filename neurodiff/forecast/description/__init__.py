"""What `neurodiff show` says of a model before it runs, as text."""

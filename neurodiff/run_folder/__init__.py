"""What is done with run folders: report and figures, opening them, going on with their runs."""

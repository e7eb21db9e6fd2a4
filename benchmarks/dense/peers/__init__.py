"""The programs that are compared; ../table.py names them."""

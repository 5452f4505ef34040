"""What every room may use: lazy names, checks of arguments, tables that show, complete files."""

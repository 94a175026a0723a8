"""Parse and print files; the workbook writes what they hold."""

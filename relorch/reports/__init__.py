"""Facts become one self-contained HTML file."""

"""The web shell: the guard in front, the pages behind it, the server around them."""

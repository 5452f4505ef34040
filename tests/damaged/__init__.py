"""Small files of data of all kinds, and ways to damage them."""

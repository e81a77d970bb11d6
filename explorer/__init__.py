"""The application: a window on descents and the landscapes around them."""

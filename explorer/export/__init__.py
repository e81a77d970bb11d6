"""Pictures and films, drawn by the same views as the window's."""

"""The page: tabs, visible text, theme."""

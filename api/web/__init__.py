"""The pages for staff, below `/app`.

The server renders whole pages and fragments of them (Jinja2 templates); htmx swaps fragments in, and one calendar
component draws the grid. Every sentence is in `locales/`, in one folder per language. A page calls `models` as the
JSON routes do, and can do nothing that those cannot.
"""

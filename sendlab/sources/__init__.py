"""One reader per real format. A file is recognised by its content, never by its name alone."""

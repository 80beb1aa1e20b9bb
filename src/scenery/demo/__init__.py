"""Data sets without a download of one's own: drawn scenes, and those that Keras fetches."""

"""What a user may write: checked, typed models of a config file."""

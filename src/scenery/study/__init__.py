"""The study side: config, trials, choosing, paths. Light: a dry run imports only this."""

"""Pictures of every page, made of the sample data by ``make screenshots``."""

"""What the service costs and how fast it is, measured against a bare Temporal workflow.

``python -m bench`` (``make bench``) runs it; README.md says what each figure means. Nothing of the
product imports this room.
"""

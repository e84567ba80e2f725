def story() -> None:
    """x"""

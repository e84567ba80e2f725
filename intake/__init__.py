"""From inbox to workflow: used by the door and by activities alike."""

"""Ours. Without this file a package of the same name that a library has brought along would be
found instead: a folder alone gives way to any real package on the path."""

"""The one step of a build: htmx and its server-sent events, out of the package that ships them.

Nothing third-party lies in this repository. django-htmx is needed for building alone, and of it
only these files; Django never comes along.
"""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {"htmx-2.min.js": "htmx.js", "ext/hx-sse-2.min.js": "sse.js"}


class CustomBuildHook(BuildHookInterface[Any]):
    """Puts the browser's libraries into ``api/static/vendor`` of the tree or the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        shipped = resources.files("django_htmx") / "static" / "django_htmx"
        vendor = Path(self.root) / "api" / "static" / "vendor"
        vendor.mkdir(exist_ok=True)
        for source, target in FILES.items():
            with resources.as_file(shipped / source) as file:
                shutil.copyfile(file, vendor / target)

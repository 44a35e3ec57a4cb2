"""The Kubernetes manifests, held by the schemas of Kubernetes itself and by what the bot really serves and reads."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import kubernetes_validate
import pytest
import yaml

from bot.health import Readiness
from bot.jobs import Pace
from bot.server import Server
from bot.settings import load
from tests.deploy.test_image import DOCKERFILE

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
VERSIONS = ("1.30", "1.37")


def resources(folder: str) -> list[dict[str, Any]]:
    """What a kustomization names, without what it changes."""
    home = FOLDER / folder
    found = []
    for name in yaml.safe_load((home / "kustomization.yaml").read_text())["resources"]:
        if (home / name).is_dir():
            found += resources(str((home / name).resolve().relative_to(FOLDER)))
        else:
            found += yaml.safe_load_all((home / name).read_text())
    return found


def one(kind: str, folder: str = "base") -> dict[str, Any]:
    [found] = (each for each in resources(folder) if each["kind"] == kind)
    return found


def pods() -> list[dict[str, Any]]:
    return [one(kind)["spec"]["template"]["spec"] for kind in ("Deployment", "Job")]


def settings() -> dict[str, str]:
    lines = (FOLDER / "base" / "settings.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_fits_its_schema(version: str) -> None:
    everything = [*resources("http"), yaml.safe_load((FOLDER / "secret.example.yaml").read_text())]
    assert len(everything) >= 9
    for resource in everything:
        kubernetes_validate.validate(resource, version, strict=True)


def test_a_schema_refuses_what_is_misspelt() -> None:
    deployment = one("Deployment")
    deployment["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[0], strict=True)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
@pytest.mark.parametrize("folder", ["base", "http"])
def test_kustomize_builds_it(folder: str) -> None:
    done = subprocess.run(["kubectl", "kustomize", FOLDER / folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    built = {(each["kind"], each["metadata"]["name"].split("-")[0]) for each in yaml.safe_load_all(done.stdout)}
    assert ("ConfigMap", "mailflow") in built
    assert {kind for kind, _ in built} - {"ConfigMap"} == {each["kind"] for each in resources(folder)}
    assert "image: mailflow\n" not in done.stdout


def test_pods_may_do_nothing_but_run() -> None:
    for pod in pods():
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert f"USER {pod['securityContext']['runAsUser']}:" in DOCKERFILE.read_text()
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]
            mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert mounts == {"/tmp", settings()["MAILFLOW_SECRETS_DIR"]}


def test_the_settings_are_settings(tmp_path: Path) -> None:
    read = load({**settings(), "MAILFLOW_SECRETS_DIR": str(tmp_path)}, tmp_path / "none.env")
    assert not read.migrate_at_start, "the job does it"
    assert read.metrics_port


def test_some_replica_always_answers() -> None:
    spec = one("Deployment")["spec"]
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    labels = spec["template"]["metadata"]["labels"]
    budget = one("PodDisruptionBudget")["spec"]
    assert budget["minAvailable"] < spec["replicas"]
    for selector in (spec["selector"], budget["selector"]):
        assert selector["matchLabels"].items() <= labels.items()
    assert one("Service", "http")["spec"]["selector"].items() <= labels.items()
    assert one("Job")["spec"]["template"]["metadata"]["labels"] != labels, "a job is no replica"
    wait = int(spec["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] >= wait + 3 * Pace().stop


async def test_the_probes_ask_what_the_bot_serves() -> None:
    async def readiness() -> Readiness:
        return Readiness({})

    container = pods()[0]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert f"MAILFLOW_PORT={ports['http']} " in DOCKERFILE.read_text()
    assert str(ports["metrics"]) == settings()["MAILFLOW_METRICS_PORT"]
    assert one("Deployment")["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"] == str(
        ports["metrics"]
    )
    server = Server(None, taking=lambda: True, readiness=readiness)
    await server.start("127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asks = container[probe]["httpGet"]
            assert asks["port"] == "http"
            async with session.get(server.url + asks["path"]) as response:
                assert response.status == 200, probe
    await server.stop()


def test_the_network_policy_leads_out_where_checks_go_and_not_inside() -> None:
    policy = one("NetworkPolicy")["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= one("Job")["spec"]["template"]["metadata"]["labels"].items()
    anywhere = {port["port"] for rule in policy["egress"] if "to" not in rule for port in rule["ports"]}
    assert anywhere == {53, 5432}
    [outside] = (rule for rule in policy["egress"] if "to" in rule)
    assert {port["port"] for port in outside["ports"]} == {25, 443, 465, 587}
    closed = [network for to in outside["to"] for network in to["ipBlock"]["except"]]
    assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"} <= set(closed)
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == [9464]

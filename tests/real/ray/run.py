#!/usr/bin/env python3
"""Runs holdup against a real Ray Serve and compares what it says with what is going on.

    tests/real/ray/run.py --holdup target/debug/holdup [--venv FOLDER] [--ray VERSION]

Installs Ray from PyPI into a virtual environment (kept with --venv), starts one small cluster on
this machine, deploys the applications of apps/, waits until Ray itself says what it will say, asks
`holdup why` and `holdup status`, prints Ray's words beside holdup's, and stops everything. Takes
about three minutes and 3 GB of memory. Ends with 0 when every answer is as expected.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv

HERE = pathlib.Path(__file__).resolve().parent
PORT = 8265

# Application, who must be the root (None: nothing is wrong), and what the exit code must be.
EXPECTED = {
    "healthy": (None, 0),
    "needs-gpu": ("anyscale/serve-deploy-not-schedulable-resource-missing", 1),
    "raises": ("anyscale/serve-deploy-ctor-failed", 1),
    "sick": ("anyscale/serve-deploy-health-check-", 1),
    "rolling": (None, 0),
}


def application(name, target, environment=None):
    runtime = {"env_vars": environment} if environment else {}
    return {"name": name, "route_prefix": "/" + name, "import_path": "applications:" + target, "runtime_env": runtime}


def applications(sick_flag, revision):
    roll = {"HOLDUP_REVISION": str(revision)}
    if revision > 1:
        roll["HOLDUP_START_SECONDS"] = "25"
    return {
        "http_options": {"host": "127.0.0.1", "port": 8000},
        "applications": [
            application("healthy", "healthy"),
            application("needs-gpu", "needs_gpu"),
            application("raises", "raises"),
            application("sick", "sick", {"HOLDUP_SICK": str(sick_flag)}),
            application("rolling", "rolling", roll),
        ],
    }


class Cluster:
    def __init__(self, bin_folder, work):
        self.bin = bin_folder
        self.work = work
        self.environment = dict(os.environ, PYTHONPATH=str(HERE / "apps"), RAY_USAGE_STATS_ENABLED="0")
        self.environment.pop("RAY_ADDRESS", None)

    def run(self, *words):
        return subprocess.run(words, env=self.environment, cwd=self.work, check=True, stdout=subprocess.DEVNULL)

    def start(self):
        temporary = tempfile.mkdtemp(prefix="holdup-ray-", dir="/tmp")
        self.run(
            str(self.bin / "ray"), "start", "--head", "--num-cpus=4", "--num-gpus=0", "--object-store-memory=200000000",
            "--dashboard-host=127.0.0.1", f"--dashboard-port={PORT}", "--disable-usage-stats", f"--temp-dir={temporary}",
        )
        return temporary

    def stop(self):
        subprocess.run([str(self.bin / "ray"), "stop", "--grace-period", "15"], env=self.environment, check=False, stdout=subprocess.DEVNULL)

    def get(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api/serve/applications/", timeout=20) as answer:
            return json.load(answer)["applications"]

    def put(self, configuration):
        body = json.dumps(configuration).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}/api/serve/applications/", data=body, method="PUT", headers={"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=60).read()


# Generous: a machine that is busy with other things needs several times what a quiet one does.
PATIENCE = 5


def wait_for(what, seconds, check):
    seconds *= PATIENCE
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if check():
                return
        except (KeyError, OSError):
            pass
        time.sleep(1)
    raise SystemExit(f"Ray did not come to it within {seconds} s: {what}")


def holdup(binary, config, *words):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "ANYSCALE_"))}
    done = subprocess.run(
        [binary, "--config", str(config), *words, "--format", "json"], env=environment, capture_output=True, text=True, timeout=120
    )
    if not done.stdout.strip():
        raise SystemExit(f"holdup {' '.join(words)} said nothing: {done.stderr}")
    return json.loads(done.stdout), done.returncode


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def ray_says(read):
    said = [read.get("message") or ""]
    said += [deployment.get("message") or "" for deployment in (read.get("deployments") or {}).values()]
    return " | ".join(last_line(text) for text in said if text.strip())


def compare(binary, config, cluster, wanted):
    read = cluster.get()
    answer, code = holdup(binary, config, "why")
    entries = {entry["workload"]: entry for entry in answer["verdicts"] if entry.get("workload")}
    wrong = 0
    for name in wanted:
        root, _ = EXPECTED[name]
        entry = entries.get(name, {})
        own = entry.get("root")
        good = (own is None and entry.get("verdict") == "clear") if root is None else str(own).startswith(root)
        evidence = [item for link in entry.get("chain", []) for item in link.get("evidence", [])]
        good = good and (root is None or bool(evidence))
        wrong += not good
        print(f"\n{'ok   ' if good else 'WRONG'} {name}: Ray {read[name]['status']}: {ray_says(read[name])}")
        print(f"      holdup {entry.get('verdict')}: {own or '-'}: {entry.get('headline')}")
    expected = max(EXPECTED[name][1] for name in wanted)
    if code != expected:
        wrong += 1
        print(f"WRONG exit code {code}, wanted {expected}")
    return wrong


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--holdup", required=True, help="the program to try")
    arguments.add_argument("--venv", help="a virtual environment to use, made if it does not exist; a passing one otherwise")
    arguments.add_argument("--ray", help="the version of Ray, such as 2.55.1; the newest otherwise")
    given = arguments.parse_args()
    binary = str(pathlib.Path(given.holdup).resolve())
    work = pathlib.Path(tempfile.mkdtemp(prefix="holdup-real-"))
    folder = pathlib.Path(given.venv).resolve() if given.venv else work / "venv"
    if not (folder / "bin" / "ray").exists():
        venv.create(folder, with_pip=True)
        package = "ray[serve]" + (f"=={given.ray}" if given.ray else "")
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", package], check=True)
    config = work / "config.toml"
    config.write_text(
        f'[contexts.ray]\nplatform = "anyscale"\naws = false\nkubernetes = false\n\n[contexts.ray.ray]\ndashboard = "http://127.0.0.1:{PORT}"\n'
    )
    flag = work / "sick"
    cluster = Cluster(folder / "bin", work)
    temporary = None
    wrong = 0
    try:
        temporary = cluster.start()
        cluster.put(applications(flag, 1))
        state = lambda name: cluster.get()[name]
        part = lambda name: next(iter(state(name)["deployments"].values()))
        wait_for("healthy runs", 60, lambda: state("healthy")["status"] == "RUNNING")
        wait_for("sick runs at first", 60, lambda: state("sick")["status"] == "RUNNING")
        wait_for("the first rolling version runs", 90, lambda: state("rolling")["status"] == "RUNNING")
        wait_for("raises gave up", 60, lambda: state("raises")["status"] == "DEPLOY_FAILED")
        wait_for("needs-gpu is told to wait", 90, lambda: "to be scheduled" in part("needs-gpu")["message"])
        flag.touch()
        wait_for("sick is unhealthy", 60, lambda: state("sick")["status"] == "UNHEALTHY" and part("sick")["message"])
        print("== five applications, three in trouble")
        wrong += compare(binary, config, cluster, list(EXPECTED))
        status, _ = holdup(binary, config, "status")
        print(f"\nstatus knows {len(status.get('workloads', []))} applications")
        flag.unlink()
        cluster.put(applications(flag, 2))
        wait_for("the second version is rolled out", 60, lambda: state("rolling")["status"] == "DEPLOYING" and part("rolling")["replicas"])
        time.sleep(8)
        print("\n== a rolling update on its way")
        wrong += compare(binary, config, cluster, ["healthy", "rolling", "needs-gpu", "raises"])
    finally:
        cluster.stop()
        for left in (temporary, work):
            if left:
                shutil.rmtree(left, ignore_errors=True)
    print("\nall as expected" if not wrong else f"\n{wrong} wrong")
    sys.exit(1 if wrong else 0)


main()

#!/usr/bin/env python3
"""Runs holdup against a real Ray Serve and compares what it says with what is going on.

    tests/real/ray/run.py --holdup target/debug/holdup [--venv FOLDER] [--ray VERSION] [--token] [--record FOLDER]

Installs Ray from PyPI into a virtual environment (kept with --venv), starts one small cluster on
free ports of this machine, deploys the applications of apps/, waits until Ray itself says what it
will say, asks `holdup why` and `holdup status`, prints Ray's words beside holdup's, and ends the
cluster it started. With --token the cluster wants a token, and holdup is first asked without one and
with a wrong one. Takes two to four minutes and 3 GB of memory. Ends with 0 when every answer is as
expected.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv

HERE = pathlib.Path(__file__).resolve().parent
TOKEN = "a-token-for-this-run-only-" + "0" * 32

# Generous: a machine that is busy with other things needs several times what a quiet one does.
PATIENCE = 5

CAUSE = "anyscale/serve-deploy-"

# By the chapter of the run: application, Ray's own word for it, and who may be the root. Releases
# differ: with the word of an autoscaler a missing GPU is impossible, without it only missing.
NEEDS_GPU = ("DEPLOYING", (CAUSE + "not-schedulable-impossible", CAUSE + "not-schedulable-resource-missing"))
RAISES = ("DEPLOY_FAILED", (CAUSE + "ctor-failed",))
FINE = ("RUNNING", ())
FIRST = {"healthy": FINE, "needs-gpu": NEEDS_GPU, "raises": RAISES, "sick": FINE, "rolling": FINE}
SICK = {"sick": ("UNHEALTHY", (CAUSE + "health-check-failed", CAUSE + "health-check-then-restart-loop")), "healthy": FINE}
# Above three attempts in a row it is no single replica any more.
SICK_FOR_LONG = {"sick": ("UNHEALTHY", (CAUSE + "health-check-then-restart-loop",))}
ON_ITS_WAY = {"healthy": FINE, "rolling": ("DEPLOYING", ()), "needs-gpu": NEEDS_GPU, "raises": RAISES}
THROUGH = {"rolling": FINE, "sick": FINE}


def application(name, target, environment=None):
    runtime = {"env_vars": environment} if environment else {}
    return {"name": name, "route_prefix": "/" + name, "import_path": "applications:" + target, "runtime_env": runtime}


def applications(sick_flag, revision, port):
    roll = {"HOLDUP_REVISION": str(revision)}
    if revision > 1:
        roll["HOLDUP_START_SECONDS"] = "10"
    return {
        "http_options": {"host": "127.0.0.1", "port": port},
        "applications": [
            application("healthy", "healthy"),
            application("needs-gpu", "needs_gpu"),
            application("raises", "raises"),
            application("sick", "sick", {"HOLDUP_SICK": str(sick_flag)}),
            application("rolling", "rolling", roll),
        ],
    }


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Cluster:
    def __init__(self, bin_folder, work, with_token):
        self.bin = bin_folder
        self.work = work
        self.token = TOKEN if with_token else None
        self.base = f"http://127.0.0.1:{free_port()}"
        # Short: a path of a socket has room for hardly more than a hundred letters.
        self.temporary = tempfile.mkdtemp(prefix="hr-", dir="/tmp")
        self.started = None
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        self.environment = dict(environment, PYTHONPATH=str(HERE / "apps"), RAY_USAGE_STATS_ENABLED="0")
        self.environment.update({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN} if with_token else {"RAY_AUTH_MODE": "disabled"})

    def start(self):
        words = [
            str(self.bin / "ray"), "start", "--head", "--block", "--port=0", "--num-cpus=4", "--num-gpus=0",
            "--object-store-memory=100000000", "--dashboard-host=127.0.0.1", f"--dashboard-port={self.base.rsplit(':', 1)[1]}",
            "--dashboard-agent-listen-port=0", "--disable-usage-stats", f"--temp-dir={self.temporary}",
        ]
        log = open(self.work / "ray-start.log", "wb")
        self.started = subprocess.Popen(words, env=self.environment, cwd=self.work, stdout=log, stderr=log, start_new_session=True)

    def check(self):
        if self.started.poll() is not None:
            raise SystemExit("ray start ended:\n" + (self.work / "ray-start.log").read_text()[-3000:])

    def stop(self):
        """Ends what was started here, and nothing else on the machine."""
        if self.started is None:
            return
        self.started.send_signal(signal.SIGTERM)
        try:
            self.started.wait(40)
        except subprocess.TimeoutExpired:
            self.started.kill()
        for process in self.left():
            os.kill(process, signal.SIGKILL)

    def left(self):
        """Processes of this cluster: they name its folder in what they were started with."""
        mine = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if self.temporary.encode() in (folder / "cmdline").read_bytes():
                    mine.append(int(folder.name))
            except OSError:
                pass
        return mine

    def ask(self, path, method="GET", body=None, seconds=20):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.base + path, data=body, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.read()

    def get(self):
        return json.loads(self.ask("/api/serve/applications/"))["applications"]

    def put(self, configuration):
        # The first one starts Serve, which takes a while.
        self.ask("/api/serve/applications/", "PUT", json.dumps(configuration).encode(), 60 * PATIENCE)

    def wait_for(self, what, seconds, check, never=lambda: None):
        """Until `check` holds; `never` may return what makes waiting pointless."""
        until = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < until:
            self.check()
            try:
                if check():
                    return
                if never():
                    raise SystemExit(f"this will never come: {what}. Ray says: {never()}")
            except (KeyError, StopIteration, OSError):
                pass
            time.sleep(1)
        raise SystemExit(f"Ray did not come to it within {seconds * PATIENCE} s: {what}. Ray says: {self.words()}")

    def wait_running(self, *names):
        for name in names:
            failed = lambda: self.get()[name]["status"] == "DEPLOY_FAILED" and ray_says(self.get()[name])
            self.wait_for(f"{name} runs", 60, lambda: self.get()[name]["status"] == "RUNNING", failed)

    def words(self):
        try:
            return "; ".join(f"{name} {one['status']}: {ray_says(one)}" for name, one in self.get().items())
        except OSError as error:
            return str(error)

    def record(self, folder, moment):
        """The answers that holdup reads, without names of this machine."""
        paths = {
            "applications.json": "/api/serve/applications/",
            "cluster_status_f0.json": "/api/cluster_status?format=0",
            "cluster_status_f1.json": "/api/cluster_status?format=1",
            "v0_nodes.json": "/api/v0/nodes?detail=true",
            "v0_actors.json": "/api/v0/actors?detail=true&limit=100",
            "events.json": "/events?nocache=1",
            "version.json": "/api/version",
        }
        strange = [(self.temporary, "/tmp/ray"), (str(HERE / "apps"), "/home/ray/app"), (str(self.bin.parent), "/home/ray/venv")]
        strange += [(str(self.work), "/home/ray/work"), (sys.base_prefix, "/usr/local"), (socket.gethostname() + '"', 'head"')]
        for name, path in paths.items():
            text = self.ask(path).decode()
            for own, plain in strange:
                text = text.replace(own, plain)
            (folder / f"{moment}__{name}").write_text(text)


class Holdup:
    def __init__(self, binary, work, base):
        self.binary = binary
        self.work = work
        self.base = base

    def config(self, token=None):
        extra = ""
        if token:
            (self.work / "token").write_text(token)
            extra = f'token_file = "{self.work / "token"}"\n'
        path = self.work / "config.toml"
        head = '[contexts.ray]\nplatform = "anyscale"\naws = false\nkubernetes = false\n\n[contexts.ray.ray]\n'
        path.write_text(f'{head}dashboard = "{self.base}"\n{extra}')

    def say(self, *words):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "ANYSCALE_"))}
        # Without what a person may have left in the home folder.
        environment["HOME"] = str(self.work)
        command = [self.binary, "--config", str(self.work / "config.toml"), *words, "--format", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        if not done.stdout.strip():
            raise SystemExit(f"holdup {' '.join(words)} said nothing: {done.stderr}")
        return json.loads(done.stdout), done.returncode


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def ray_says(read):
    said = [read.get("message") or ""]
    for deployment in (read.get("deployments") or {}).values():
        text = deployment.get("message") or ""
        first = text.split(".", 1)[0] + ". … " if "\n" in text else ""
        said.append(f"{deployment['name']} {deployment['status']}/{deployment.get('status_trigger')}: {first}{last_line(text)}")
    return " | ".join(text for text in said if text.strip())


def compare(program, cluster, chapter, wanted):
    """How many answers are wrong."""
    print(f"\n== {chapter}")
    read = cluster.get()
    answer, code = program.say("why")
    table, _ = program.say("status")
    entries = {entry["workload"]: entry for entry in answer["verdicts"] if entry.get("workload")}
    rows = {row["workload"]: row for row in table["workloads"]}
    wrong = 0
    for name, (word, roots) in wanted.items():
        entry, row = entries.get(name, {}), rows.get(name, {})
        own = entry.get("root")
        evidence = [item for link in entry.get("chain", []) for item in link.get("evidence", [])]
        if roots:
            good = own in roots and bool(evidence)
        else:
            # Clear, and while it moves with an estimate.
            good = own is None and entry.get("verdict") == "clear" and (entry["progress"] is None) == (word == "RUNNING")
        same = row.get("native") == word
        wrong += not (good and same)
        print(f"{'ok   ' if good and same else 'WRONG'} {name}: Ray {read[name]['status']}: {ray_says(read[name])}")
        print(f"      holdup {row.get('native')}, {entry.get('verdict')}: {own or '-'}: {entry.get('headline') or '-'}")
        for link in entry.get("chain", [])[:1]:
            print(f"      {link['says']}")
        if not good:
            print("      " + json.dumps(entry)[:3000])
    expected = 1 if any(entry.get("verdict") == "held" for entry in entries.values()) else 0
    if code != expected:
        wrong += 1
        print(f"WRONG exit code {code}, wanted {expected}")
    return wrong


def tokens(program):
    """What is said without a token and with a wrong one."""
    print("\n== a cluster that wants a token")
    wrong = 0
    for what, token in [("without a token", None), ("with a wrong token", "f" * 40)]:
        program.config(token)
        answer, code = program.say("why")
        text = json.dumps(answer)
        good = code not in (0, 1) and "token" in text and "f" * 40 not in text
        wrong += not good
        missing = [one for entry in answer["verdicts"] for one in entry.get("missing", [])]
        said = [f"{one.get('why')}; {one.get('unlock')}" for one in missing] or [entry.get("headline") for entry in answer["verdicts"]]
        print(f"{'ok   ' if good else 'WRONG'} {what}: exit code {code}: {said[:1] or text[:2000]}")
    program.config(TOKEN)
    return wrong


def play(cluster, program, work, record):
    """The whole story; how many answers were wrong."""
    flag = work / "sick"
    port = free_port()
    part = lambda name: next(iter(cluster.get()[name]["deployments"].values()))
    cluster.wait_for("the dashboard answers", 60, lambda: cluster.ask("/api/version"))
    print("Ray " + json.loads(cluster.ask("/api/version"))["ray_version"])
    wrong = tokens(program) if cluster.token else 0
    cluster.put(applications(flag, 1, port))
    cluster.wait_running("healthy", "sick", "rolling")
    cluster.wait_for("raises gave up", 60, lambda: cluster.get()["raises"]["status"] == "DEPLOY_FAILED")
    cluster.wait_for("needs-gpu is told to wait", 60, lambda: "to be scheduled" in part("needs-gpu")["message"])
    record("first")
    wrong += compare(program, cluster, "one wants a GPU, one raises, three are well", FIRST)
    flag.touch()
    cluster.wait_for("sick is unhealthy", 60, lambda: cluster.get()["sick"]["status"] == "UNHEALTHY" and part("sick")["message"])
    record("sick_soon")
    wrong += compare(program, cluster, "a health check begins to fail", SICK)
    cluster.wait_for("its replacements fail too", 60, lambda: "times in a row" in part("sick")["message"])
    record("sick_late")
    wrong += compare(program, cluster, "every replacement fails it as well", SICK_FOR_LONG)
    flag.unlink()
    cluster.put(applications(flag, 2, port))
    has_both = lambda: {one["state"] for one in part("rolling")["replicas"]} >= {"STARTING", "RUNNING"}
    cluster.wait_for("the second version is rolled out", 60, lambda: cluster.get()["rolling"]["status"] == "DEPLOYING" and has_both())
    record("rolling")
    wrong += compare(program, cluster, "a rolling update on its way", ON_ITS_WAY)
    cluster.wait_running("rolling", "sick")
    record("through")
    wrong += compare(program, cluster, "the update is through and the sick one has recovered", THROUGH)
    return wrong


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--holdup", required=True, help="the program to try")
    arguments.add_argument("--venv", help="a virtual environment to use, made if it does not exist; a passing one otherwise")
    arguments.add_argument("--ray", help="the version of Ray, such as 2.55.1; the newest otherwise")
    arguments.add_argument("--token", action="store_true", help="the cluster wants a token")
    arguments.add_argument("--record", type=pathlib.Path, help="a folder for the answers that were read")
    given = arguments.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="holdup-real-"))
    folder = pathlib.Path(given.venv).resolve() if given.venv else work / "venv"
    if not (folder / "bin" / "ray").exists():
        venv.create(folder, with_pip=True)
        # With protobuf 7 releases such as 2.55.1 build no application: they read a field that it has not any more.
        packages = ["ray[serve]" + (f"=={given.ray}" if given.ray else ""), "protobuf<7"]
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *packages], check=True)
    if given.record:
        given.record.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(folder / "bin", work, given.token)
    program = Holdup(str(pathlib.Path(given.holdup).resolve()), work, cluster.base)
    program.config(TOKEN if given.token else None)
    record = lambda moment: given.record and cluster.record(given.record, moment)
    try:
        cluster.start()
        wrong = play(cluster, program, work, record)
    finally:
        cluster.stop()
        left = cluster.left()
        for path in (cluster.temporary, work):
            shutil.rmtree(path, ignore_errors=True)
    if left:
        print(f"processes are left: {left}")
    print("\nall as expected" if not wrong else f"\n{wrong} wrong")
    sys.exit(1 if wrong or left else 0)


main()

"""Serve applications, each with one thing going on; the environment decides what."""

import os
import time

from ray import serve

SMALL = {"num_cpus": 0.1}


@serve.deployment(ray_actor_options=SMALL)
class Echo:
    def __call__(self, request) -> str:
        return "ok"


healthy = Echo.bind()


@serve.deployment(ray_actor_options={"num_cpus": 0.1, "num_gpus": 1})
class Embedder:
    def __call__(self, request) -> str:
        return "never reached: no machine has a GPU"


needs_gpu = Embedder.bind()


@serve.deployment(ray_actor_options=SMALL)
class Ranker:
    def __init__(self):
        raise FileNotFoundError("no weights at /models/ranker/7/model.safetensors")

    def __call__(self, request) -> str:
        return "never reached"


raises = Ranker.bind()


@serve.deployment(ray_actor_options=SMALL, health_check_period_s=1, health_check_timeout_s=3, graceful_shutdown_timeout_s=1)
class Feed:
    def check_health(self):
        if os.path.exists(os.environ.get("HOLDUP_SICK", "")):
            raise RuntimeError("the feature store does not answer any more")

    def __call__(self, request) -> str:
        return "ok"


sick = Feed.bind()


@serve.deployment(num_replicas=3, ray_actor_options=SMALL, graceful_shutdown_timeout_s=1)
class Rolling:
    def __init__(self):
        time.sleep(float(os.environ.get("HOLDUP_START_SECONDS", "0")))

    def __call__(self, request) -> str:
        return os.environ.get("HOLDUP_REVISION", "1")


rolling = Rolling.bind()

"""Data-parallel training as a job of Ray Train: each worker is an `npm run train` with TF_CONFIG.

.venv-cluster/bin/python scripts/ray/train.py --workers 2 -- --recipe best --output /shared/runs/best

What stands after `--` is for npm run train. Every machine has the clone, set up, at the same path, and sees the output's
folder. A worker that is gone ends the others with exit code 75; Ray then starts all of them again, and they go on from the
last checkpoint.
"""

import argparse
import json
import os
import socket
import sys
import tempfile

import ray
from ray.train import Checkpoint, FailureConfig, RunConfig, ScalingConfig, get_context
from ray.train.backend import Backend, BackendConfig
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import command  # noqa: E402


def _address():
    """An address of this worker at which nobody listens."""
    with socket.socket() as free:
        free.bind(("", 0))
        return f"{ray.util.get_node_ip_address()}:{free.getsockname()[1]}"


def _set_tf_config(addresses, index):
    os.environ["TF_CONFIG"] = json.dumps(
        {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    )


class TfConfigBackend(Backend):
    def on_start(self, worker_group, backend_config):
        addresses = worker_group.execute(_address)
        ray.get(
            [
                worker_group.execute_single_async(i, _set_tf_config, addresses=addresses, index=i)
                for i in range(len(addresses))
            ]
        )


class TfConfig(BackendConfig):
    """Sets TF_CONFIG as ray.train.tensorflow does, whose package wants TensorFlow's own Python."""

    @property
    def backend_cls(self):
        return TfConfigBackend


def own_cores(context):
    """Of the cores of this machine, this worker's share; all of them if it is alone there."""
    count, rank = context.get_local_world_size(), context.get_local_rank()
    if count == 1:
        return None
    cores = sorted(os.sched_getaffinity(0))
    return cores[rank * len(cores) // count : (rank + 1) * len(cores) // count] or [cores[rank % len(cores)]]


def work(config):
    """What each worker does: trains to the end, and reports it."""
    context = get_context()
    process = command.start(
        "train", config["arguments"], tf_config=os.environ["TF_CONFIG"], cores=own_cores(context)
    )
    try:
        code = process.wait()
    finally:
        command.end(process)
    if code not in (0, command.MISUSE, command.STOPPED):
        why = "another worker is gone" if code == command.WORKER_LOST else "see its output above"
        raise RuntimeError(f"Worker {context.get_world_rank()} ended with exit code {code}: {why}.")
    steps = command.history(config["folder"])
    last = steps[-1]["step"] if steps else 0
    metrics = {"exit_code": code, "step": last, "loss": command.mean_loss(steps)}
    if context.get_world_rank() > 0:
        ray.train.report(metrics)
        return
    # Ray keeps metrics with a checkpoint only; the run's own are in its folder, so that this says where.
    with tempfile.TemporaryDirectory() as pointer:
        with open(os.path.join(pointer, "run.json"), "w") as file:
            json.dump({"folder": config["folder"]}, file)
        ray.train.report(metrics, checkpoint=Checkpoint.from_directory(pointer))


def parse(argv):
    at = argv.index("--") if "--" in argv else len(argv)
    own, arguments = argv[:at], argv[at + 1 :]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2, help="how many train together (default: 2)")
    parser.add_argument("--cpus-per-worker", type=float, default=1, help="CPUs that Ray keeps for each (default: 1)")
    parser.add_argument("--gpus-per-worker", type=float, default=0, help="GPUs that Ray keeps for each (default: 0; not run)")
    parser.add_argument("--max-failures", type=int, default=3, help="how often all are started again (default: 3)")
    parser.add_argument("--address", default=None, help="of the Ray cluster, such as auto (default: one on this machine)")
    values = parser.parse_args(own)
    if values.workers < 1:
        parser.error(f"--workers: expected a whole number from 1 on, got {values.workers}")
    if values.max_failures < -1:
        parser.error(f"--max-failures: expected 0 or more, or -1 for no limit, got {values.max_failures}")
    try:
        folder = command.output_folder(arguments)
    except ValueError as error:
        parser.error(f"{error} Example: -- --recipe best --output /shared/runs/best")
    return values, arguments, folder


def main():
    values, arguments, folder = parse(sys.argv[1:])
    ray.init(address=values.address)
    resources = {"CPU": values.cpus_per_worker, **({"GPU": values.gpus_per_worker} if values.gpus_per_worker else {})}
    trainer = DataParallelTrainer(
        work,
        train_loop_config={"arguments": arguments, "folder": folder},
        backend_config=TfConfig(),
        scaling_config=ScalingConfig(
            num_workers=values.workers,
            use_gpu=values.gpus_per_worker > 0,
            resources_per_worker=resources,
        ),
        run_config=RunConfig(
            name="stable-diffusion-mnist",
            storage_path=os.path.join(folder, "ray"),
            failure_config=FailureConfig(max_failures=values.max_failures),
        ),
    )
    metrics = trainer.fit().metrics
    if metrics["exit_code"] == 0:
        print(f"Ray Train: done, step {metrics['step']}, loss {metrics['loss']:.4f}, in {folder}")
    return metrics["exit_code"]


if __name__ == "__main__":
    sys.exit(main())

"""JupyterHub that starts the image for each user, as BinderHub does where CHART names its chart's values.yaml, else as JupyterHub."""

import os

import yaml
from jupyterhub.spawner import SimpleLocalProcessSpawner

podman = os.environ["PODMAN"].split()
image = os.environ["IMAGE"]
chart = os.environ.get("CHART")
# What Kubernetes does for a pod of BinderHub and of Zero to JupyterHub; LIMITS='--memory 2g --memory-swap 2g --cpus 1' as mybinder.org.
pod = ["--user", "1000", "--security-opt", "no-new-privileges", *os.environ.get("LIMITS", "").split()]
pod += ["--ulimit", "nofile=10000:10000", "--ulimit", "nproc=20000:20000"]
binder = {"BinderSpawnerMixin": type("NoMixin", (), {})}
if chart:
    with open(chart) as file:
        values = yaml.safe_load(file)["jupyterhub"]
    exec(values["hub"]["extraConfig"]["0-binderspawnermixin"], binder)
    command = values["singleuser"]["cmd"]
else:
    command = ["jupyterhub-singleuser"]


class ImageSpawner(binder["BinderSpawnerMixin"], SimpleLocalProcessSpawner):
    async def start(self):
        names = [name for name in self.get_env() if name.startswith(("JUPYTERHUB_", "BINDER_")) or name.endswith("_LIMIT")]
        passed = [f"--env={name}" for name in names]
        self.cmd = [*podman, "run", "--rm", "--network=host", *pod, *passed, image, *command]
        started = super().start()
        return await started


c = get_config()  # noqa: F821
c.JupyterHub.spawner_class = ImageSpawner
c.JupyterHub.authenticator_class = "null" if chart else "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.bind_url = "http://127.0.0.1:18000"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:18081"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:18001"
c.ConfigurableHTTPProxy.command = os.environ["PROXY"].split()
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret = os.urandom(32)
c.JupyterHub.services = [{"name": "asker", "api_token": os.environ["ASKER_TOKEN"]}]
c.JupyterHub.load_roles = [
    {"name": "asker", "services": ["asker"], "scopes": ["admin:users", "admin:servers", "access:servers", "tokens"]}
]

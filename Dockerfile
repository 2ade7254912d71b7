# JupyterLab over the notebooks, for amd64 and arm64:
#   docker build -t stable-diffusion-mnist .
#   mkdir -p work && docker run --rm -p 8888:8888 -v "$PWD/work:/home/node/sdm/notebooks/work" stable-diffusion-mnist
# It tells an address with a token. What is saved in the folder `work` stays on the host. Made beforehand it is yours, not
# root's; where your number is not 1000 (`id -u`), let that one write there.
FROM node:24-trixie-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates g++ git python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*

# The image of Node has a user `node`, number 1000.
USER node
WORKDIR /home/node/sdm
COPY --chown=node:node . .
RUN npm run setup \
 && .venv/bin/python -m pip install --no-deps --disable-pip-version-check -r requirements-hub.txt \
 && rm -rf ~/.npm ~/.cache .setup/logs .venv/share/jupyterhub/static \
 && mkdir -p notebooks/work
# Hubs name the program to start: Binder `python3`, which starts `jupyter-lab`, JupyterHub `jupyterhub-singleuser`.
ENV PATH=/home/node/sdm/scripts/hub/bin:/home/node/sdm/.venv/bin:$PATH

VOLUME /home/node/sdm/notebooks/work
EXPOSE 8888
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8888/api').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# On a processor other than the one that built the image, the library's own ops are compiled anew first.
CMD ["node", "scripts/start.mjs", "--no-browser", "--ip", "0.0.0.0", "--port", "8888"]

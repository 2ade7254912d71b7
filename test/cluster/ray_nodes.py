"""A Ray cluster of two nodes of one CPU each on this machine. Says its address in a line; ends a node at each line `kill`,
starts one at `add`, and ends all when its input ends."""

import fcntl
import os
import sys
import tempfile

from ray.cluster_utils import Cluster

# One such cluster at a time: several do not start beside each other.
turn = open(os.path.join(tempfile.gettempdir(), "ray-nodes.lock"), "w")
fcntl.flock(turn, fcntl.LOCK_EX)

node = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": True})
second = cluster.add_node(**node)
print(cluster.address, flush=True)
for line in sys.stdin:
    if line.strip() == "kill":
        cluster.remove_node(second, allow_graceful=False)
    else:
        second = cluster.add_node(**node)
    print(line.strip(), flush=True)
cluster.shutdown()

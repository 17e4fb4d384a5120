"""A real OpenSearch on this computer, for trying and testing.

>>> cluster = up(Path(".deployer/local"), progress=print)
>>> cluster.url
'http://127.0.0.1:9200'
>>> down(cluster.directory)
"""

from deployer.local.cluster import LocalCluster, LocalStatus, down, status, up
from deployer.local.processes import Stopped

__all__ = ["LocalCluster", "LocalStatus", "Stopped", "down", "status", "up"]

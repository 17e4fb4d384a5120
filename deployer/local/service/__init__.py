"""The local alerting service: what the Alerting and Notifications plugins serve, in front of a node that lacks them.

It is for one computer: for trying detections and for tests. What it does is what the plugins of OpenSearch 3.4.0 do, measured
by replaying their recorded answers; the node's own module (deployer/local/java) answers what only the server can know.
"""

"""Lock, apply in dependency order, record. What is said of the outcome is true, whatever went wrong."""

from deployer.deploy.deploy import Terms, deploy
from deployer.deploy.lock import Held, LockedError, read_lock, unlock
from deployer.deploy.look import Look, Wish, look
from deployer.deploy.recording import About, push

__all__ = ["About", "Held", "LockedError", "Look", "Terms", "Wish", "deploy", "look", "push", "read_lock", "unlock"]

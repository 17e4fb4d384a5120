"""Can it ever fire, there? What a cluster knows of an environment's monitors; all of it is read."""

from deployer.doctor.examine import Examination, examine

__all__ = ["Examination", "examine"]

"""PostgreSQL and Valkey out of wheels, for machines where no such services run, and the supervisor of all processes.

`EmbeddedServices` starts the two services in a data folder and ends them again; `Supervisor` does the same for any
other process (the API, workers, beat). Both are context managers and nest: what was started last is stopped first.

    with EmbeddedServices(default_data_folder(checkout)) as services, Supervisor(services.log_folder) as supervisor:
        supervisor.start(Process(name="api", argv=[...], env=os.environ | services.environment))
        supervisor.wait()
"""

from cli.embedded.errors import BinariesMissing, DataFolderUnusable, EmbeddedError, InstanceRunning, ProcessFailed
from cli.embedded.folder import default_data_folder
from cli.embedded.keeper import Process
from cli.embedded.running import Running, find_running
from cli.embedded.services import EmbeddedServices
from cli.embedded.supervisor import Supervisor

__all__ = [
    "BinariesMissing",
    "DataFolderUnusable",
    "EmbeddedError",
    "EmbeddedServices",
    "InstanceRunning",
    "Process",
    "ProcessFailed",
    "Running",
    "Supervisor",
    "default_data_folder",
    "find_running",
]

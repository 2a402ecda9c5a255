"""What workers of comparisons do in tests: their job, without drawing plots."""

from bilstm_nlp.reports import plots
from bilstm_nlp.studies.engines.jobs import Job
from bilstm_nlp.studies.engines.local import _work
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.system.files import write_whole
from tests.pictures import picture


def work(job: Job, resources: Resources) -> None:
    """Carry out a job, with a small file in place of each plot. A worker finds this function by its name."""
    plots.save = picture(write_whole)
    _work(job, resources)

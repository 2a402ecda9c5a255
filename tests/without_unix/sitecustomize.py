"""Hide modules that Windows lacks. Python imports this file at start, in child processes too, from the PYTHONPATH."""

import multiprocessing
import multiprocessing.context
import os
import signal
import sys

for name in ("fcntl", "resource", "multiprocessing.forkserver"):
    sys.modules[name] = None
for name in ("pthread_sigmask", "SIGHUP", "SIGQUIT"):
    delattr(signal, name)
for name in ("fork", "sched_getaffinity"):
    delattr(os, name)
spawn = multiprocessing.context._concrete_contexts["spawn"]
multiprocessing.context._concrete_contexts = {"spawn": spawn}
multiprocessing.context._default_context._default_context = spawn
multiprocessing.context._default_context._actual_context = spawn
multiprocessing.get_all_start_methods = lambda: ["spawn"]

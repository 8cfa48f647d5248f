"""What /proc tells of other processes."""

import os


def is_alive(pid):
    """Return True if a process runs; one that has ended and that nobody has waited for does not."""
    try:
        with open("/proc/{}/stat".format(pid), encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid):
    """Return the numbers of the processes that a process has started."""
    found = []
    for thread in os.listdir("/proc/{}/task".format(pid)):
        with open("/proc/{}/task/{}/children".format(pid, thread), encoding="ascii") as file:
            found.extend(int(child) for child in file.read().split())
    return found


def cpu_seconds(pid):
    """Return the processor time that a process has had (proc(5))."""
    with open("/proc/{}/stat".format(pid), encoding="ascii") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def thread_cpu_seconds(pid, name):
    """Return the processor time that a process's thread of that name has had (proc(5))."""
    for thread in os.listdir("/proc/{}/task".format(pid)):
        folder = "/proc/{}/task/{}/".format(pid, thread)
        with open(folder + "comm", encoding="utf-8") as file:
            found = file.read().rstrip("\n")
        if found == name:
            with open(folder + "schedstat", encoding="ascii") as file:
                return int(file.read().split()[0]) / 1e9
    raise ValueError("process {} has no thread {}".format(pid, name))


def forget_peak(pid):
    """Have `peak_mb` begin anew (proc(5))."""
    with open("/proc/{}/clear_refs".format(pid), "w", encoding="ascii") as file:
        file.write("5")


def peak_mb(pid):
    """Return the most memory that a process has had so far, resident, in MB."""
    return _memory_mb(pid, "VmHWM")


def resident_mb(pid):
    """Return the memory that a process has, resident, in MB."""
    return _memory_mb(pid, "VmRSS")


def _memory_mb(pid, what):
    with open("/proc/{}/status".format(pid), encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what)) / 1e3

"""runit below an instance: one folder in sv/ per process group, one in log/ for what it says.

runsvdir keeps one runsv per folder, runsv keeps one process; each is restarted when it
dies, whatever killed it, and dies with its parent (setpriv --pdeathsig), so that
nothing is ever left over or there twice.
"""
import os
import pathlib
import shlex
import signal
import subprocess
import time

from place import Trouble

FINISH = """#!/bin/sh
# What ended, when: read while an instance starts, to say at once what does not come up.
echo "$1 $2" >>ended
"""
# Whoever says TERM means this signal: to PostgreSQL TERM is to wait until the last client has left, which ours never do.
TERM_MEANS = """#!/bin/sh
exec kill -{death} "$(cat supervise/pid)"
"""
# Lines of a JSON log are longer than svlogd's usual 1000 bytes.
LOG_RUN = "#!/bin/sh\numask 027\nexec setpriv --pdeathsig TERM svlogd -l 16000 -b 32768 {folder}\n"


def define(place, name, argv, environment=None, lines=(), down=True, death="TERM"):
    """Write sv/<name>: run, finish, log/run. The environment is the whole of it."""
    folder, log = place.sv / name, place.log / name
    for path in (folder, folder / "log", log):
        place._own_dir(path)
    script = ["#!/bin/sh", "exec 2>&1", "umask 027"]
    script += [f"export {key}={shlex.quote(str(value))}" for key, value in sorted((environment or {}).items())]
    script += list(lines)
    script.append(f"exec setpriv --pdeathsig {death} " + " ".join(shlex.quote(str(a)) for a in argv))
    place.write(folder / "run", "\n".join(script) + "\n", 0o700)
    place.write(folder / "finish", FINISH, 0o700)
    if death != "TERM":
        place._own_dir(folder / "control")
        place.write(folder / "control" / "t", TERM_MEANS.format(death=death), 0o700)
    place.write(folder / "log" / "run", LOG_RUN.format(folder=shlex.quote(str(log))), 0o700)
    place.write(log / "config", "s2000000\nn5\n", 0o640)
    (folder / "ended").unlink(missing_ok=True)
    (folder / "down").unlink(missing_ok=True)
    if down:
        place.write(folder / "down", "")


def forget_others(place, names):
    """Folders of process groups that this release no longer has."""
    for folder in place.sv.iterdir():
        if folder.name not in names and folder.is_dir():
            subprocess.run(["rm", "-rf", "--", str(folder)], check=True)


def start(place, options=()):
    """runsvdir in a session of its own: a Ctrl-C at the terminal does not reach what it keeps."""
    log = os.open(place.log / "runsvdir", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    process = subprocess.Popen(place.drop(["runsvdir", "-P", place.sv], *options), cwd=place.state, env=environment,
                               stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    place.write(place.state / "runsvdir.pid", f"{process.pid}\n")
    return process


def runsvdir_pid(place):
    """Of the runsvdir that is really ours, else None."""
    try:
        pid = int((place.state / "runsvdir.pid").read_text())
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    return pid if b"runsvdir" in words[0] and os.fsencode(place.sv) in words else None


def names(place):
    return sorted(f.name for f in place.sv.iterdir() if (f / "run").exists()) if place.sv.is_dir() else []


def control(place, name, letter):
    """Tell runsv: u up, d down, t TERM, h HUP, x exit. False when none listens."""
    try:
        fd = os.open(place.sv / name / "supervise" / "control", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        os.write(fd, letter.encode())
        return True
    finally:
        os.close(fd)


def pid(place, name, part=""):
    try:
        return int((place.sv / name / part / "supervise" / "pid").read_text())
    except (FileNotFoundError, ValueError):
        return None


def running(process):
    return process is not None and pathlib.Path(f"/proc/{process}").exists()


def up(place, name):
    (place.sv / name / "down").unlink(missing_ok=True)
    (place.sv / name / "ended").unlink(missing_ok=True)
    return control(place, name, "u")


def wait_supervised(place, wanted, deadline):
    """Until each has a runsv that listens."""
    for name in wanted:
        while not control(place, name, ""):
            if time.monotonic() > deadline:
                raise Trouble(f"runit does not take up {name}; see {place.log / 'runsvdir'}")
            time.sleep(0.01)


def down(place, wanted, secs):
    """TERM, then KILL to those that are still there after secs."""
    for name in wanted:
        control(place, name, "d")
    left = _gone(place, wanted, secs)
    for name in left:
        control(place, name, "k")
    return _gone(place, left, 5)


def _gone(place, wanted, secs):
    deadline = time.monotonic() + secs
    left = [n for n in wanted if running(pid(place, n))]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [n for n in left if running(pid(place, n))]
    return left


def stop(place, order, say):
    """Everything down, group by group, then the supervisors themselves."""
    there = names(place)
    for group, secs in order(there):
        slow = down(place, group, secs)
        if slow:
            say(f"had to kill {' '.join(slow)}")
    top = runsvdir_pid(place)
    if top:
        os.kill(top, signal.SIGTERM)
    for name in there:
        control(place, name, "x")
        _log_exit(place, name)
    deadline = time.monotonic() + 5
    while _supervisors(place) and time.monotonic() < deadline:
        time.sleep(0.02)
    for left in _supervisors(place):
        os.kill(left, signal.SIGKILL)
    end_orphans(place)
    (place.state / "runsvdir.pid").unlink(missing_ok=True)


def end_orphans(place):
    """nginx workers whose master was killed while nobody was there to start another."""
    try:
        group = int((place.sv / "nginx" / "group").read_text())
    except (FileNotFoundError, ValueError):
        return
    for proc in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = proc.joinpath("stat").read_text().split()
            if words[1] == "(nginx)" and int(words[4]) == group:
                os.kill(int(words[0]), signal.SIGKILL)
        except (OSError, IndexError, ValueError):
            continue
    (place.sv / "nginx" / "group").unlink()


def _log_exit(place, name):
    try:
        fd = os.open(place.sv / name / "log" / "supervise" / "control", os.O_WRONLY | os.O_NONBLOCK)
        os.write(fd, b"x")
        os.close(fd)
    except OSError:
        pass


def _supervisors(place):
    """runsv processes that work in this instance's sv/."""
    base = str(place.sv.resolve()) + "/"
    found = []
    for proc in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if proc.joinpath("comm").read_text().strip() in ("runsv", "runsvdir", "svlogd") \
                    and (os.readlink(proc / "cwd") + "/").startswith(base):
                found.append(int(proc.name))
        except (OSError, ValueError):
            continue
    return found


def endings(place, name):
    """How often it ended since it was last started."""
    try:
        return (place.sv / name / "ended").read_text().count("\n")
    except FileNotFoundError:
        return 0


def last_lines(place, name, count=15):
    try:
        with open(place.log / name / "current", encoding="utf-8", errors="replace") as log:
            return "".join("    " + line for line in log.readlines()[-count:])
    except FileNotFoundError:
        return ""

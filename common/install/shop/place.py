"""Where an instance lives, and as whom it runs.

An instance is named by its RUN_DIR. Started by an ordinary user everything is that
user's, below RUN_DIR. Started by root everything runs as the system user `ecostore`;
where that user can't reach the clone (below /root, say), programs, templates and data
are kept in /var/lib/ecostore/<hash>, and RUN_DIR is a link to it.
Sockets have a short place of their own, since a socket's path has 107 bytes.
"""
import hashlib
import json
import os
import pathlib
import pwd
import shutil
import stat
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
SYSTEM_USER = "ecostore"
SYSTEM_HOME = pathlib.Path("/var/lib/ecostore")


class Trouble(Exception):
    """Something the person at the keyboard can understand and mend."""


class Place:
    def __init__(self, run_dir, build):
        self.run_dir = pathlib.Path(os.path.abspath(run_dir))
        self.build = ROOT / build
        self.hash = hashlib.sha256(os.fsencode(self.run_dir)).hexdigest()[:8]
        self.as_root = os.geteuid() == 0
        self.socket_dir = pathlib.Path("/run" if self.as_root else "/tmp") / f"ecostore-{self.hash}"
        self.user = SYSTEM_USER if self.as_root else pwd.getpwuid(os.geteuid()).pw_name
        self.state = self.run_dir.resolve() if self.run_dir.exists() else self.run_dir
        # Set by prepare(): where programs, templates, static files are.
        self.app = None

    # ------------------------------------------------------------ names of things
    def __getattr__(self, name):
        """state/<name> for the folders of an instance."""
        if name in ("sv", "log", "secret", "pg", "nginx", "mail"):
            return self.state / name
        raise AttributeError(name)

    @property
    def bin(self):
        return self.app / "bin" if self.copied else self.build / "bin"

    @property
    def templates(self):
        return (self.app if self.copied else ROOT) / "templates"

    @property
    def static_root(self):
        """Holds assets/, assets.json and openapi.json."""
        return self.app / "static" if self.copied else ROOT / "build"

    @property
    def install(self):
        return self.app / "install" if self.copied else ROOT / "common" / "install"

    @property
    def seed(self):
        return self.app / "seed" if self.copied else ROOT / "sql" / "seed"

    @property
    def copied(self):
        return self.app is not None and self.app != ROOT

    # ------------------------------------------------------------ making it
    def prepare(self):
        if any(c in str(self.run_dir) for c in '"\\\n$;{}'):
            raise Trouble(f"RUN_DIR {self.run_dir} has a character that nginx' configuration could not hold")
        if self.as_root:
            self._ensure_user()
        self.app = ROOT
        if self.as_root and not self._user_reaches_clone():
            self._move_out_of_reach()
        for folder in (self.state, self.sv, self.log, self.secret, self.nginx, self.mail):
            self._own_dir(folder)
        self._own_dir(self.socket_dir)
        if self.copied:
            self.copy_app()

    def _ensure_user(self):
        try:
            pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", str(SYSTEM_HOME),
                            "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=True)

    def _user_reaches_clone(self):
        needed = [ROOT / "templates", ROOT / "common" / "install", self.build / "bin", self.run_dir.parent]
        needed += list((self.build / "bin").glob("*"))[:1] + list((ROOT / "templates").glob("layouts/*"))[:1]
        return all(self._user_can(p) for p in needed if p.exists())

    def _user_can(self, path):
        test = ["test", "-r", str(path), "-a", "-x" if path.is_dir() or path.parent.name == "bin" else "-r", str(path)]
        return subprocess.run(self.drop(test), check=False).returncode == 0

    def _move_out_of_reach(self):
        self.state = SYSTEM_HOME / self.hash
        SYSTEM_HOME.mkdir(mode=0o755, exist_ok=True)
        self._own_dir(self.state)
        self.app = self.state / "app"
        if self.run_dir.is_symlink():
            if self.run_dir.resolve() != self.state:
                raise Trouble(f"{self.run_dir} points to {self.run_dir.resolve()}, not to {self.state}: remove it")
        elif self.run_dir.exists():
            raise Trouble(f"{self.run_dir} was made by another user: remove it, or choose another RUN_DIR")
        else:
            self.run_dir.symlink_to(self.state)

    def copy_app(self):
        """A copy that the unprivileged user can read; programs are replaced by renaming, so that running ones stay whole."""
        self.app.mkdir(mode=0o755, exist_ok=True)
        for source, name in ((self.build / "bin", "bin"), (ROOT / "templates", "templates"), (ROOT / "common" / "install", "install"),
                             (ROOT / "sql" / "seed", "seed")):
            self._copy_tree(source, self.app / name)
        (self.app / "static").mkdir(mode=0o755, exist_ok=True)
        self._copy_tree(ROOT / "build" / "assets", self.app / "static" / "assets")
        for name in ("assets.json", "openapi.json"):
            if (ROOT / "build" / name).exists():
                self._copy_file(ROOT / "build" / name, self.app / "static" / name)

    def _copy_tree(self, source, target):
        for folder, _, names in os.walk(source):
            there = target / pathlib.Path(folder).relative_to(source)
            there.mkdir(mode=0o755, parents=True, exist_ok=True)
            for name in names:
                self._copy_file(pathlib.Path(folder) / name, there / name)

    @staticmethod
    def _copy_file(source, target):
        a = source.stat()
        if target.exists() and (target.stat().st_size, int(target.stat().st_mtime)) == (a.st_size, int(a.st_mtime)):
            return
        fresh = target.with_name(target.name + ".new")
        shutil.copy2(source, fresh)
        fresh.chmod(0o755 if a.st_mode & stat.S_IXUSR else 0o644)
        fresh.rename(target)

    def _own_dir(self, path):
        """A folder that nobody else may have put there, or may write to."""
        mode = self._mode_of(path)
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        found = os.lstat(path)
        wanted = pwd.getpwnam(self.user)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), wanted.pw_uid) or found.st_mode & 0o022:
            raise Trouble(f"{path} is not a folder of {self.user} that only {self.user} may write to")
        if found.st_uid != wanted.pw_uid:
            os.chown(path, wanted.pw_uid, wanted.pw_gid)
        # Of an older release, or under a mask of its own.
        if found.st_mode & 0o777 & ~mode:
            path.chmod(found.st_mode & mode)

    def _mode_of(self, path):
        """Secrets are the instance's alone; logs and mail name people, and are for its group at most."""
        if path in (self.secret, self.socket_dir):
            return 0o700
        return 0o750 if path in (self.log, self.mail) or self.log in path.parents else 0o755

    # ------------------------------------------------------------ acting as the instance's user
    def drop(self, argv, *options):
        if not self.as_root:
            return [str(a) for a in argv]
        return ["setpriv", "--reuid", self.user, "--regid", self.user, "--clear-groups", *options, "--"] + [str(a) for a in argv]

    def run(self, argv, options=(), **keywords):
        """Run a short command as the instance's user; its output matters only when it fails."""
        done = subprocess.run(self.drop(argv, *options), cwd="/", stdin=keywords.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, **keywords)
        if done.returncode != 0:
            raise Trouble(f"{pathlib.Path(str(argv[0])).name} failed:\n{done.stdout.decode('utf-8', 'replace').rstrip()}")
        return done.stdout.decode("utf-8", "replace")

    def write(self, path, text, mode=0o644):
        """Replace a file of the instance as a whole; never readable by more than mode says, not even for a moment."""
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as out:
            out.write(text)
        fresh.chmod(mode)
        if self.as_root:
            shutil.chown(fresh, self.user, self.user)
        fresh.rename(path)

    # ------------------------------------------------------------ what is remembered from start to stop
    def recall(self):
        try:
            return json.loads((self.state / "instance.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def remember(self, settings):
        self.write(self.state / "instance.json", json.dumps(settings, indent=1) + "\n")

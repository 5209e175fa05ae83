"""make run and its kin: two instances side by side, https, production limits, single services, what is killed heals, Ctrl-C."""
import contextlib
import http.client
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from shop import ROOT, Shop, ShopTest, free_ports, make, wait_for


class InstanceTest(ShopTest):
    """A second instance beside the one of the other tests, in a folder with a space."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="ecostore second "))
        cls.folder.chmod(0o755)
        cls.run_dir = cls.folder / "run"
        cls.port, cls.tls_port = free_ports(2)
        done = make("start", cls.run_dir, PORT=cls.port, TLS_PORT=cls.tls_port, LIMITS="strict")
        if done.returncode != 0:
            raise AssertionError(done.stdout)
        cls.second = Shop(cls.run_dir)
        cls.trust = ssl.create_default_context(cafile=str(cls.run_dir / "nginx" / "cert.pem"))

    @classmethod
    def tearDownClass(cls):
        make("reset", cls.run_dir, YES=1)
        shutil.rmtree(cls.folder, ignore_errors=True)

    def https(self, path, data=None, headers=None):
        request = urllib.request.Request(f"https://localhost:{self.tls_port}{path}", data=data, headers=headers or {})
        try:
            with urllib.request.urlopen(request, context=self.trust, timeout=20) as r:
                return r.status, r.headers, r.read()
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.headers, e.read()

    def heals(self):
        def well():
            with contextlib.suppress(OSError):
                return self.https("/cart")[0] == 200
            return False
        wait_for("the shop to heal", well, 30)

    def pid(self, name):
        path = self.run_dir / "sv" / name / "supervise" / "pid"
        return int(wait_for(name, lambda: path.read_text().strip()))

    def test_https(self):
        status, headers, _ = self.https("/login")
        self.assertEqual(status, 200)
        self.assertIn("Secure", headers["Set-Cookie"])
        self.assertRegex(headers["Strict-Transport-Security"], r"max-age=\d{7,}")
        admin = urllib.parse.urlencode({"email": self.second.admin_email, "password": self.second.admin_password}).encode()
        connection = http.client.HTTPSConnection("localhost", self.tls_port, context=self.trust, timeout=20)
        self.addCleanup(connection.close)
        connection.request("POST", "/login", admin, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 303)
        session = next(c for c in answer.headers.get_all("Set-Cookie") if "es_session=" in c)
        self.assertRegex(session, r"^__Host-es_session=[\w-]{43}; Path=/; SameSite=Lax; Secure; HttpOnly$")
        plain = self.second.request("GET", "/login?next=/account", port=self.port)
        self.assertEqual((plain.status, plain.headers["Location"]), (308, f"https://localhost:{self.tls_port}/login?next=/account"))

    def test_strict_limits(self):
        seen = [self.https("/api/v1/auth/login", b"{}", {"Content-Type": "application/json"}) for _ in range(40)]
        limited = [(h, b) for status, h, b in seen if status == 429]
        self.assertTrue(limited)
        self.assertTrue(limited[-1][0]["Retry-After"])
        self.assertIn(b'"code":"rate_limited"', limited[-1][1])

    def test_single_service(self):
        done = make("stop", self.run_dir, S="cart-service")
        self.assertEqual(done.returncode, 0, done.stdout)
        status, headers, _ = self.https("/cart")
        self.assertEqual((status, headers["Retry-After"]), (503, "1"))
        self.assertEqual(self.https("/login")[0], 200)
        done = make("start", self.run_dir, S="cart-service")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.https("/cart")[0], 200)
        self.assertNotEqual(make("start", self.run_dir, S="no-service").returncode, 0)

    def test_status(self):
        done = make("status", self.run_dir)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("cart-service", done.stdout)
        self.assertIn("/internal/", done.stdout)

    def test_killed_heals(self):
        for name in ("nginx", "postgres", "cart-service", "auth-service", "event-bus-work"):
            with self.subTest(name):
                os.kill(self.pid(name), signal.SIGKILL)
                self.heals()

    def test_runsvdir_killed(self):
        os.kill(int((self.run_dir / "runsvdir.pid").read_text()), signal.SIGKILL)
        self.heals()
        done = make("start", self.run_dir, PORT=self.port, TLS_PORT=self.tls_port, LIMITS="strict")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.heals()

    def test_secrets_are_kept(self):
        for path in (self.run_dir / "secret").rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077 if path.is_file() else 0, 0, path)
        for path in (self.run_dir / "secret", self.run_dir / "pg"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_logs_are_for_the_group_at_most(self):
        log = self.run_dir / "log"
        wait_for("a log of requests", (log / "nginx" / "access.log").exists)
        folders = [log, self.run_dir / "mail"] + [p for p in log.rglob("*") if p.is_dir()]
        self.assertGreater(len(folders), 10)
        self.assertEqual([p for p in folders if p.stat().st_mode & 0o027], [])
        # svlogd gives its files modes of its own, in folders that nobody else gets into.
        files = [p for p in log.rglob("*") if p.is_file() and p.name != "current" and not p.name.startswith("@")]
        self.assertTrue({"access.log", "runsvdir", "config"} <= {p.name for p in files}, files)
        self.assertEqual([(p, oct(p.stat().st_mode)) for p in files if p.stat().st_mode & 0o137], [])
        if os.geteuid() == 0:
            for path in (log / "cart-service" / "current", log / "nginx" / "access.log"):
                done = subprocess.run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "cat", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                self.assertNotEqual(done.returncode, 0, path)
                self.assertIn(b"Permission denied", done.stdout)

    def handshake(self, *options):
        """Whether openssl's handshake went through, and what it says of it; another test may have killed nginx just now."""
        argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.tls_port}", "-servername", "localhost", "-verify_hostname", "localhost",
                "-CAfile", self.run_dir / "nginx" / "cert.pem", "-brief", *options]

        def shake():
            done = subprocess.run(argv, input=b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False)
            return None if b"Connection refused" in done.stdout else done
        done = wait_for("somebody to listen", shake)
        said = done.stdout.decode("utf-8", "replace")
        self.assertTrue(done.returncode == 0 or "alert" in said, said)  # or it was this side that would not
        return done.returncode == 0, said

    def test_old_versions_and_ciphers_are_refused(self):
        weak = "ALL:@SECLEVEL=0"
        for options in (("-tls1", "-cipher", weak), ("-tls1_1", "-cipher", weak), ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
                        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0"), ("-tls1_2", "-cipher", "AES128-GCM-SHA256:@SECLEVEL=0"), ("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256")):
            with self.subTest(options):
                taken, said = self.handshake(*options)
                self.assertFalse(taken, said)
        for options in (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"), ("-tls1_3",), ()):
            with self.subTest(options):
                taken, said = self.handshake(*options)
                self.assertTrue(taken, said)
                self.assertIn("Verification: OK", said)

    def test_nothing_runs_as_root(self):
        if os.geteuid() != 0:
            self.skipTest("not root")
        for name in ("nginx", "postgres", "cart-service", "mail"):
            self.assertNotEqual(pathlib.Path(f"/proc/{self.pid(name)}").stat().st_uid, 0, name)

    def test_port_in_use(self):
        done = make("start", self.folder / "third", PORT=self.port)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"port {self.port} is used", done.stdout)
        make("reset", self.folder / "third", YES=1)

    def test_run_and_interrupt(self):
        """make run again on what was there: quick, and SIGINT to its process group ends everything."""
        self.assertEqual(make("stop", self.run_dir).returncode, 0)
        old = self.run_dir / "log" / "cart-service"
        old.chmod(0o755)  # as an older release made it
        environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "BUILD")}
        build = os.environ.get("BUILD", "build/dev").removeprefix("build/")
        mode = [f"MODE={build.removesuffix('-clang')}"] + (["CC=clang"] if build.endswith("-clang") else [])
        running = subprocess.Popen(["make", "-s", "run", f"RUN_DIR={self.run_dir}", f"PORT={self.port}", f"TLS_PORT={self.tls_port}", "LIMITS=strict", *mode],
                                   cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, text=True)
        begun = time.monotonic()

        def up():
            with contextlib.suppress(OSError):
                return self.https("/")[0] == 200
            return False
        wait_for("make run", up, 30, 0.02)
        took = time.monotonic() - begun
        self.assertEqual(old.stat().st_mode & 0o777, 0o750)
        os.killpg(running.pid, signal.SIGINT)
        output, _ = running.communicate(timeout=60)
        self.assertIn("stopped", output)
        self.assertFalse((self.run_dir / "runsvdir.pid").exists())
        with self.assertRaises(OSError):
            self.https("/")
        self.assertLess(took, 10, "make run on an existing cluster")
        done = make("start", self.run_dir, PORT=self.port, TLS_PORT=self.tls_port, LIMITS="strict")
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()

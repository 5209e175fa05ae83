"""What a new shop begins with: its first administrator and its goods."""
import secrets
import subprocess

import services
from place import ROOT, Trouble

ADMIN_EMAIL = "admin@ecostore.example"


def fill(place, settings, say):
    """Once per instance each; a later start finds the marks and does nothing."""
    built = {p.program for p in services.table(place)}
    if "auth-service" in built and not (place.state / "admin").exists():
        create_admin(place, settings)
    if "catalog-service" in built and not (place.state / "seeded").exists():
        seed(place, settings, say)


def service_command(place, settings, program, arguments, **keywords):
    """A program of a service, with that service's configuration and as its user."""
    process = next((p for p in services.table(place) if p.program == program), None)
    if process is None:
        raise Trouble(f"{program} is not built")
    environment = {k: str(v) for k, v in services.environment(place, settings, process).items()}
    return subprocess.run(place.drop([place.bin / program, *arguments]), env=environment, cwd=place.state, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **keywords)


def create_admin(place, settings):
    password = secrets.token_urlsafe(12)
    place.write(place.secret / "admin-password", password + "\n", 0o600)
    done = service_command(place, settings, "auth-service", ["--create-admin", ADMIN_EMAIL], input=(password + "\n").encode())
    if done.returncode != 0:
        raise Trouble("auth-service could not create the first administrator:\n" + done.stdout.decode("utf-8", "replace"))
    place.write(place.state / "admin", ADMIN_EMAIL + "\n")


def admin_hint(place):
    path = place.secret / "admin-password"
    if not path.exists():
        return "(no administrator yet)"
    shown = place.state / "admin-shown"
    if not shown.exists():
        place.write(shown, "")
        return f"{ADMIN_EMAIL} / {path.read_text().strip()}"
    return f"{ADMIN_EMAIL}, password in {place.run_dir / 'secret' / 'admin-password'}"


def seed(place, settings, say):
    products = ROOT / "sql" / "seed" / "products.ndjson"
    if not products.exists():
        return
    say("filling the shelves")
    import_file(place, settings, products, say)
    place.write(place.state / "seeded", "")


def import_file(place, settings, path, say):
    if not path.is_file():
        raise Trouble(f"{path}: no such file")
    with open(path, "rb") as data:
        kind = "csv" if path.suffix.lower() == ".csv" else "ndjson"
        done = service_command(place, settings, "catalog-service", ["--import", kind], stdin=data)
    report = done.stdout.decode("utf-8", "replace").rstrip()
    if done.returncode != 0:
        raise Trouble("the import failed:\n" + report)
    if report:
        say(report)

"""nginx' configuration for an instance, made from nginx/*.in, and the certificate of TLS_PORT."""
import re
import subprocess

from place import ROOT, Trouble

HTTPS_REDIRECT = "return 308 {public_url}$request_uri;"
SHOP = """include ecostore.conf;
		include mock-provider.conf;"""
TLS_SERVER = """server {{
		listen {tls_port} ssl http2 backlog=1024 reuseport;
		server_name _;
		ssl_certificate "{state}/nginx/cert.pem";
		ssl_certificate_key "{state}/nginx/key.pem";
		include tls.conf;
		{shop}
	}}"""
FILES = ("ecostore.conf", "internal.conf", "mock-provider.conf", "tls.conf", "params.conf", "errors.conf", "cached_page.conf", "hashing.conf", "mime.types")


def render(name, values):
    text = (ROOT / "nginx" / name).read_text(encoding="utf-8")
    text = re.sub(r"@([A-Z_]+)@", lambda m: str(values[m[1]]), text)
    return text


def write(place, settings):
    nginx = place.nginx
    for folder in (nginx, nginx / "cache", place.log / "nginx"):
        place._own_dir(folder)
    tls = settings["tls_port"]
    values = {
        "SOCK_DIR": place.socket_dir, "CACHE_DIR": nginx / "cache", "STATIC_ROOT": place.static_root,
        "LIMITS": settings["limits"], "STATE_DIR": place.state, "PORT": settings["port"],
        "INTERNAL_PORT": settings["internal_port"],
        "HTTP_SERVER": HTTPS_REDIRECT.format(**settings) if tls else SHOP,
        "TLS_SERVER": TLS_SERVER.format(tls_port=tls, state=place.state, shop=SHOP) if tls else "",
    }
    place.write(nginx / "nginx.conf", render("nginx.conf.in", values))
    place.write(nginx / "upstreams.conf", render("upstreams.conf.in", values))
    for name in FILES:
        place.write(nginx / name, (ROOT / "nginx" / name).read_text(encoding="utf-8"))
    if tls and not (nginx / "cert.pem").exists():
        place.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                   "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                   "-keyout", nginx / "key.pem", "-out", nginx / "cert.pem"])
        (nginx / "key.pem").chmod(0o600)


def privileges(place, settings):
    """setpriv's options for what a port below 1024 takes, when root starts the instance."""
    if place.as_root and min(settings["port"], settings["tls_port"] or 65535) < 1024:
        return ("--inh-caps", "+net_bind_service", "--ambient-caps", "+net_bind_service")
    return ()


def check(place, settings):
    # The first to open the access log, which keeps the mode it was made with.
    place.run(["/usr/sbin/nginx", "-t", "-q", "-e", "stderr", "-p", place.nginx, "-c", place.nginx / "nginx.conf"],
              privileges(place, settings), umask=0o027)

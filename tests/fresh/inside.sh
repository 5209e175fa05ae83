#!/bin/bash
# The part of make test-fresh that runs inside the chroot.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
passed=0 failed=0

check() { # name, command …
	local name=$1; shift
	local begun=$SECONDS
	if "$@" >/tmp/check.log 2>&1; then
		passed=$((passed + 1)); echo "  ok   $name ($((SECONDS - begun)) s)"
	else
		failed=$((failed + 1)); echo "  FAIL $name ($((SECONDS - begun)) s)"; tail -n 60 /tmp/check.log | sed 's/^/       | /'
	fi
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
page() { curl -fsS --max-time 10 "http://localhost:$1/" | grep -q '<h1'; }
nothing_of_debian() {
	[ ! -d /var/lib/postgresql/15/main ] && [ ! -e /usr/sbin/policy-rc.d ] && ! pgrep -f /etc/nginx/nginx.conf && ! pgrep -f /etc/postgresql
}
clone() { git clone -q /ecostore.bundle "$1"; }

echo "1. as root, from /root"
clone /root/EcoStore
cd /root/EcoStore
# The port is fixed before python3 is there.
check "make start on a bare machine" make start PORT=18080
check "shop" page 18080
check "second make start is quick" bash -c 'make -s stop && begun=$(date +%s%N) && make -s start PORT=18080 && [ $((($(date +%s%N) - begun) / 1000000)) -lt 6000 ]'
check "nothing runs as root" bash -c '! ps -o user=,args= -A | grep -E "runsvdir|fcgi|/bin/[a-z]+-service|postgres|nginx" | grep -v grep | grep ^root'
check "programs where the unprivileged user can reach them" test -d /var/lib/ecostore
check "make stop" make stop
check "nothing left running" bash -c '! pgrep -x runsv && ! pgrep -x nginx && ! pgrep -x postgres'
check "make test ${FRESH_TESTS}" bash -c "make -s test T='${FRESH_TESTS}' | tee /dev/stderr | tail -n 1 | grep -E '^[0-9]+ passed, 0 failed'"
check "Debian's own PostgreSQL and nginx are untouched" nothing_of_debian

echo "2. a long path with a space"
long="/srv/$(printf "a very long folder name/%.0s" 1 2 3 4 5)clone of EcoStore"
while [ ${#long} -lt 150 ]; do long=${long}x; done
mkdir -p "$(dirname "$long")"
clone "$long"
cd "$long"
port=$(free_port)
check "make start in ${#long} characters" make start PORT="$port"
check "shop" page "$port"
check "make stop" make stop

echo "3. as a user with sudo"
useradd -m -s /bin/bash mara
echo 'mara ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/mara
sudo -u mara git clone -q /ecostore.bundle /home/mara/EcoStore
cd /home/mara/EcoStore
port=$(free_port)
as_mara() { sudo -u mara -H "$@"; }
interrupted() {
	as_mara bash -c "exec make run PORT=$port" >/tmp/run.log 2>&1 &
	local pid=$!
	for _ in $(seq 300); do curl -fsS -o /dev/null "http://localhost:$port/" 2>/dev/null && break; sleep 0.5; done
	page "$port" || { cat /tmp/run.log; return 1; }
	pkill -INT -u mara -f shop.py
	wait $pid || { cat /tmp/run.log; return 1; }
	! pgrep -u mara -x runsv
}
check "make run, Ctrl-C" interrupted

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

#!/bin/bash
# The part of make test-fresh that runs inside the chroot, as process 1 of its own process namespace.
#   1. as root, from a clone under /root, where the unprivileged user cannot go
#   2. as root, from a path of 150 characters with a space
#   3. as a user with sudo, from such a path in the home folder
# Each: make run, a purchase by curl, Ctrl-C, nothing left. 1 and 3 also make test.
set -uo pipefail
set -m # a process group for each job: a Ctrl-C reaches make and all it started
export DEBIAN_FRONTEND=noninteractive
passed=0 failed=0 shop_job= shop_url=

check() { # name, command …: counted, and shown when it fails
	local name=$1 begun=$SECONDS
	shift
	if "$@" >/tmp/check.log 2>&1; then
		passed=$((passed + 1))
		echo "  ok   $name ($((SECONDS - begun)) s)"
	else
		failed=$((failed + 1))
		echo "  FAIL $name ($((SECONDS - begun)) s)"
		tail -n 60 /tmp/check.log | sed 's/^/       | /'
	fi
}

# pid, user id and program of everything of ours that runs. There is no ps here: the shop must not need one.
ours() {
	local p name
	for p in /proc/[0-9]*; do
		name=$(cat "$p/comm" 2>/dev/null) || continue
		case $name in runsv* | svlogd | nginx | postgres | *-service | event-bus | mock-provider) echo "${p#/proc/} $(stat -c %u "$p" 2>/dev/null) $name" ;; esac
	done
}
nothing_left() { [ -z "$(ours)" ] || { ours; return 1; }; }
nothing_as_root() { ! ours | awk '$2 == 0' | grep .; }
nothing_of_debian() {
	[ ! -d /var/lib/postgresql/15/main ] && [ ! -d /etc/postgresql/15/main ] && [ ! -e /usr/sbin/policy-rc.d ] && [ ! -e /run/nginx.pid ] &&
		[ -z "$(dpkg --verify nginx-common postgresql-common postgresql-15)" ]
}
all_passed() { tee /dev/stderr | tail -n 1 | grep -E '^[0-9]+ passed, 0 failed'; }
free_port() { # none of the first namespace's either: the network is shared
	local port
	for port in $(seq $((20000 + RANDOM % 9000)) 65000); do
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}

# run_shop SECS COMMAND …: in the background until it says where the shop is, or ends.
run_shop() {
	local file=/tmp/run.log deadline=$((SECONDS + $1)) url
	shift
	"$@" >"$file" 2>&1 </dev/null &
	shop_job=$!
	until url=$(sed -n 's/^shop  *\(http[^ ]*\)$/\1/p' "$file") && [ -n "$url" ] && grep -q Ctrl-C "$file"; do
		if [ $SECONDS -gt $deadline ] || ! kill -0 $shop_job 2>/dev/null; then
			cat "$file"
			return 1
		fi
		sleep 0.1
	done
	shop_url=${url%/}
}
stop_shop() { # without a terminal make itself dies of the signal, once all is stopped: 130
	local status=0
	kill -INT -- -"$shop_job" && wait "$shop_job" || status=$?
	{ [ $status -eq 0 ] || [ $status -eq 130 ]; } && [ "$(tail -n 1 /tmp/run.log)" = stopped ] ||
		{ echo "make run ended with $status"; cat /tmp/run.log; return 1; }
}
whole_visit() { # the same for everybody
	check "a guest buys with curl" bash /buy.sh "$shop_url" .run/mail
	check "nothing runs as root" nothing_as_root
	check "Ctrl-C" stop_shop
	check "nothing is left" nothing_left
}
clone_long() { # below a folder, in 150 characters with a space
	long="$1/a folder with a long name"
	while [ ${#long} -lt 136 ]; do long="$long/and another"; done
	long="$long/$(printf '%0*d' $((149 - ${#long})) 0)"
	mkdir -p "$(dirname "$long")" && git -c advice.detachedHead=false clone -q /ecostore.bundle "$long"
}

check "package lists" apt-get update -q

echo "1. as root, from /root"
git -c advice.detachedHead=false clone -q /ecostore.bundle /root/EcoStore && cd /root/EcoStore || exit 1
check "make run on a bare machine" run_shop 1200 make run PORT="$(free_port)"
check "programs where the unprivileged user can reach them" test -d /var/lib/ecostore
whole_visit
check "make run again within 10 s" run_shop 10 make run PORT="$(free_port)"
check "Ctrl-C" stop_shop
check "make test ${FRESH_TESTS}" all_passed < <(make -s test T="$FRESH_TESTS" 2>&1)
check "nothing is left" nothing_left
check "Debian's own PostgreSQL and nginx are untouched" nothing_of_debian

echo "2. as root, from a long path with a space"
clone_long /srv && cd "$long" || exit 1
check "make run in ${#long} characters" run_shop 300 make run PORT="$(free_port)"
whole_visit

echo "3. as a user with sudo, from a long path with a space"
apt-get install -y -q --no-install-recommends sudo >/dev/null 2>&1 && useradd -m -s /bin/bash mara &&
	echo 'mara ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/mara && chmod 755 /ecostore.bundle || exit 1
clone_long /home/mara && chown -R mara: /home/mara && cd "$long" || exit 1
as_mara=(setpriv --reuid mara --regid mara --init-groups env HOME=/home/mara USER=mara)
check "make run in ${#long} characters" run_shop 300 "${as_mara[@]}" make run PORT="$(free_port)"
whole_visit
check "make test ${FRESH_TESTS}" all_passed < <("${as_mara[@]}" make -s test T="$FRESH_TESTS" 2>&1)
check "nothing is left" nothing_left
check "Debian's own PostgreSQL and nginx are untouched" nothing_of_debian

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

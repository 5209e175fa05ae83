#!/bin/bash
# Install what is missing of the given groups of common/install/packages, in one apt-get call.
# Nothing missing: one dpkg-query, no network, no output.
# Debian's own PostgreSQL cluster and nginx service are neither created, started nor changed.
set -euo pipefail
here=$(dirname "$0")
pattern="^($(echo "$*" | tr ' ' '|'))[[:space:]]"
wanted=$(grep -E "$pattern" "$here/packages" | awk '{print $2}')

# shellcheck disable=SC2086
have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' || true)
missing=
for package in $wanted; do
	case "
$have
" in *"
$package
"*) ;; *) missing="$missing $package" ;; esac
done
[ -n "$missing" ] || exit 0

echo "installing Debian packages:$missing"
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || { echo "not root and no sudo: run as root: apt-get install$missing" >&2; exit 1; }
	exec sudo "$here/packages.sh" "$@"
fi

created_policy= created_cluster_conf=
restore() {
	[ -z "$created_policy" ] || rm -f /usr/sbin/policy-rc.d
	[ -z "$created_cluster_conf" ] || rm -f "$created_cluster_conf"
}
trap restore EXIT
trap 'exit 130' INT TERM

# No service is started by an installation, whatever this machine's policy is afterwards.
if [ ! -e /usr/sbin/policy-rc.d ]; then
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	created_policy=yes
fi
# postgresql-common reads this before it would create the cluster "main".
case "$missing" in *postgresql-15*)
	mkdir -p /etc/postgresql-common/createcluster.d
	if [ ! -e /etc/postgresql-common/createcluster.d/ecostore.conf ]; then
		created_cluster_conf=/etc/postgresql-common/createcluster.d/ecostore.conf
		echo 'create_main_cluster = false' >"$created_cluster_conf"
	fi ;;
esac

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# A line now and then: it takes minutes, and silence looks like a hang.
progress='/^Need to get/ { print "  " $0; fflush() } /^Setting up/ { if (++n % 25 == 0) { print "  " n " packages set up"; fflush() } }'
# shellcheck disable=SC2086
install() { LC_ALL=C apt-get install -y -q --no-install-recommends $missing 2>&1 | tee "$log" | awk "$progress"; }

# A fresh machine has no package lists yet, and old lists name versions that are gone.
if ! install; then
	echo "  fetching Debian's package lists"
	apt-get update -q >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
	install || { tail -n 30 "$log" >&2; exit 1; }
fi
rm -f "$log"
echo "  installed"

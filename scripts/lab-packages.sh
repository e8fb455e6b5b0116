#!/bin/sh
# Install what the lab needs on Debian 12 or newer (root). No service is started: policy-rc.d says no while the
# packages are installed and is put back as it was afterwards, also when something fails.
set -eu

packages="iproute2 util-linux procps lldpd frr openssh-server openssh-client nftables iputils-ping
  openvswitch-switch ethtool dnsmasq-base kea-dhcp4-server"

if [ "$(id -u)" != 0 ]; then
  echo "lab-packages: needs root (sudo $0)" >&2
  exit 2
fi
if ! command -v apt-get >/dev/null; then
  echo "lab-packages: no apt-get here; install by hand:" $packages >&2
  exit 2
fi

missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "lab-packages: everything is installed"
  exit 0
fi

policy=/usr/sbin/policy-rc.d
kept=""
restore() {
  if [ -n "$kept" ]; then mv -f "$kept" "$policy"; else rm -f "$policy"; fi
}
if [ -e "$policy" ] || [ -L "$policy" ]; then
  kept=$(mktemp "$policy.kept.XXXXXX")
  mv -f "$policy" "$kept"
fi
trap restore EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

echo "lab-packages: installing$missing"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing

#!/bin/sh
# Install what the lab needs on Debian 12 or newer (root); with --slow also what the tests of QEMU guests need.
# No service is started, now or at the next start of the machine: policy-rc.d says no while the packages are installed
# and is put back as it was afterwards, also when something fails; services that came with them are disabled.
set -eu

packages="iproute2 util-linux procps lldpd frr openssh-server openssh-client nftables iputils-ping
  openvswitch-switch ethtool dnsmasq-base kea-dhcp4-server kea-ctrl-agent pdns-server pdns-backend-sqlite3
  stress-ng fio"
slow="qemu-system-x86 ipxe-qemu ipxe ovmf mmdebstrap e2fsprogs cpio"

case "${1-}" in
"") ;;
--slow) packages="$packages $slow" ;;
*)
  echo "usage: $0 [--slow]" >&2
  exit 2
  ;;
esac
if [ "$(id -u)" != 0 ]; then
  echo "lab-packages: needs root (sudo $0)" >&2
  exit 2
fi
if ! command -v apt-get >/dev/null; then
  echo "lab-packages: no apt-get here; install by hand:" $packages >&2
  exit 2
fi

installed() {
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q "ok installed"
}

missing=""
for package in $packages; do
  installed "$package" || missing="$missing $package"
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

# Services of what was installed just now; others are the administrator's business.
disable_services() {
  disabled=""
  for package in $missing; do
    case " $(echo $slow) " in *" $package "*) continue ;; esac
    for unit in $(dpkg -L "$package" | sed -n 's,^.*/systemd/system/\([^/@]*\.service\)$,\1,p'); do
      DPKG_MAINTSCRIPT_PACKAGE=$package deb-systemd-helper disable "$unit" >/dev/null 2>&1 || true
      disabled="$disabled $unit"
    done
    for script in $(dpkg -L "$package" | sed -n 's,^/etc/init\.d/,,p'); do
      update-rc.d "$script" disable >/dev/null 2>&1 || true
    done
  done
  [ -z "$disabled" ] || echo "lab-packages: not started and not enabled (the lab runs programs of its own):$disabled"
}

echo "lab-packages: installing$missing"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
disable_services

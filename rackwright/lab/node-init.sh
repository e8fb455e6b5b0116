#!/bin/sh
# First process of an emulated server: its own root (an overlay over this machine's), host name, processes; then
# sshd and lldpd. Arguments: host name, folder of the node (on tmpfs). Runs inside its namespaces only. Started again
# after a loss of power it finds its disk as it was.
set -eu
name=$1 folder=$2
hostname "$name"
mount --make-rprivate /
mkdir -p "$folder/up" "$folder/root"
rm -rf "$folder/work"
mkdir "$folder/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/up,workdir=$folder/work" "$folder/root"
mount --rbind /dev "$folder/root/dev"
mount -t proc proc "$folder/root/proc"
mount -t sysfs sysfs "$folder/root/sys"
for place in run tmp root; do mount -t tmpfs tmpfs "$folder/root/$place"; done
mkdir -p "$folder/root/run/sshd" "$folder/root/run/lldpd" "$folder/root/root/.ssh" "$folder/root/var/lib/rackwright"
cp "$folder/authorized_keys" "$folder/root/root/.ssh/authorized_keys"
cp "$folder/host_key" "$folder/root/etc/ssh/rackwright_host_key"
chmod 600 "$folder/root/etc/ssh/rackwright_host_key"
chmod -R go= "$folder/root/root"
cp "$folder/lldpd.conf" "$folder/root/etc/lldpd.conf"
mkdir -p "$folder/root/etc/NetworkManager/system-connections"
[ ! -d "$folder/connections" ] || cp "$folder"/connections/* "$folder/root/etc/NetworkManager/system-connections/"
printf '%s\n' "$name" >"$folder/root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" >"$folder/root/etc/hosts"
# All nodes share this machine's clock, so time is the one thing a host only says: an answer in the form of chronyc,
# with the offset that a fault of the lab wrote down.
cat >"$folder/root/usr/local/bin/chronyc" <<'END'
#!/bin/sh
offset=$(cat /var/lib/rackwright/time-offset-s 2>/dev/null || echo 0.000012)
case " $* " in
*" -c "*) echo "7F000001,lab,3,0.0,$offset,$offset,0.000010,0.0,0.0,0.1,0.001,0.001,64.0,Normal" ;;
*)
  size=${offset#-} way=slow
  [ "$size" = "$offset" ] || way=fast
  printf 'Reference ID    : 7F000001 (lab)\nStratum         : 3\n'
  printf 'System time     : %s seconds %s of NTP time\nLeap status     : Normal\n' "$size" "$way"
  ;;
esac
END
chmod 755 "$folder/root/usr/local/bin/chronyc"
# No NetworkManager runs here. This stand-in does one thing of its work: when a connection file or its interface is
# new, it gives the interface the MTU of the file; addresses and bonds stay as they are.
cat >"$folder/root/usr/local/sbin/lab-mtu" <<'END'
#!/bin/sh
last=
while :; do
  now=$(cat /etc/NetworkManager/system-connections/*.nmconnection /sys/class/net/*/ifindex 2>/dev/null | cksum)
  if [ "$now" != "$last" ]; then
    for file in /etc/NetworkManager/system-connections/*.nmconnection; do
      [ -f "$file" ] || continue
      name=$(sed -n 's/^interface-name=//p' "$file") mtu=$(sed -n 's/^mtu=//p' "$file")
      [ -z "$mtu" ] || [ ! -d "/sys/class/net/$name" ] || ip link set "$name" mtu "$mtu"
    done
    last=$now
  fi
  sleep 2
done
END
chmod 755 "$folder/root/usr/local/sbin/lab-mtu"
cd "$folder/root"
exec chroot . /bin/sh -c '
/usr/sbin/sshd -f /dev/null -h /etc/ssh/rackwright_host_key -o UsePAM=no -o UseDNS=no -o PidFile=/run/sshd.pid \
  -o PermitRootLogin=prohibit-password -o PasswordAuthentication=no -o Subsystem="sftp internal-sftp"
/usr/sbin/lldpd -u /run/lldpd.socket -O /etc/lldpd.conf
/usr/local/sbin/lab-mtu &
exec sleep infinity'

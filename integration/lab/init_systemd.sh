# The first process of a lab host that a real systemd runs: its root is a layer
# in memory over the machine's, with the host's own directories in it. systemd
# sees nothing else of the machine: the old root is gone before it starts, as its
# boot rules would empty the machine's /tmp, and nothing of what the machine
# starts with its system is there to be started.
#
#   init_systemd.sh --appm-lab=DIRECTORY NAME CGROUP [within]
#
# DIRECTORY holds the host's files; CGROUP is a group of the machine's second
# hierarchy that is the host's alone. The script begins anew "within" it.
set -eu
root=${1#--appm-lab=} name=$2 group=$3

if [ -z "${4-}" ]; then
	mount --make-rprivate /
	mkdir -p "$group"
	echo 0 >"$group/cgroup.procs"
	exec unshare --cgroup sh "$0" "$@" within
fi

hostname "$name"
mkdir -p "$root/layer"
mount -t tmpfs -o mode=755 tmpfs "$root/layer"
mkdir "$root/layer/upper" "$root/layer/work" "$root/layer/root"
new=$root/layer/root
mount -t overlay -o "lowerdir=/,upperdir=$root/layer/upper,workdir=$root/layer/work" overlay "$new"
for dir in "$new"/*; do
	[ -d "$dir" ] && [ ! -L "$dir" ] || continue
	case ${dir##*/} in
	bin | lib* | sbin | usr) ;;
	etc | home | opt | root | srv | var | tmp) mount --bind "$root/${dir##*/}" "$dir" ;;
	*) mount -t tmpfs -o mode=755 tmpfs "$dir" ;;
	esac
done

# Without an id it would be a first boot, at which systemd enables all that it knows.
[ -f "$root/etc/machine-id" ] || echo 7d5f0d6f1e4b4c0b9d1c2a3b4c5d6e7f >"$root/etc/machine-id"

mkdir -p "$root/etc/systemd/system"

# What a system would start with, but for what the tests are about.
lib=$new/usr/lib/systemd
rm -rf "$lib"/system-generators "$lib"/system-environment-generators "$lib"/system/*.wants "$lib"/system/*.requires
mkdir "$lib/system/multi-user.target.wants"
cat >"$lib/system/lab-sshd.service" <<UNIT
[Service]
ExecStart=/usr/sbin/sshd -D -E /var/log/sshd.log -f /etc/ssh/sshd_config
KillMode=process
UNIT
ln -s ../lab-sshd.service "$lib/system/multi-user.target.wants/lab-sshd.service"

mkdir -m 755 "$new/run/sshd" && mkdir -m 1777 "$new/run/lock"
mkdir -p -m 755 "$new/dev/shm" "$new/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$new/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$new/dev/pts"
ln -s pts/ptmx "$new/dev/ptmx"
ln -s /proc/self/fd "$new/dev/fd"
for node in null zero full random urandom tty; do
	: >"$new/dev/$node"
	mount --bind "/dev/$node" "$new/dev/$node"
done
mount -t proc proc "$new/proc"
mount --bind "$new/proc/sys" "$new/proc/sys"
mount -o remount,bind,ro "$new/proc/sys"
mount -t sysfs -o ro sysfs "$new/sys"
mount -t cgroup2 cgroup2 "$new/sys/fs/cgroup"

cd "$new"
pivot_root . mnt
umount -l /mnt
exec </dev/null
exec setpriv --bounding-set -sys_module,-sys_time,-sys_rawio,-mknod,-syslog,-sys_boot,-mac_admin,-wake_alarm \
	env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/usr/lib/systemd/systemd --unit=multi-user.target --log-target=console --show-status=no "$1"

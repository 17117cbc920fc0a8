# The first process of a lab host that has a root of its own, so that packages
# can be installed on it: a layer in memory over the machine's root, in which
# nothing that happens there reaches the machine. When this process ends, the
# host and its layer are gone.
#
#   init_own.sh --appm-lab=DIRECTORY NAME PACKAGES
#
# DIRECTORY holds the host's own files; PACKAGES is a folder with an index, the
# only source of packages that the host knows.
set -eu
root=${1#--appm-lab=} name=$2 packages=$3

mount --make-rprivate /
hostname "$name"
mkdir -p "$root/disk"
mount -t tmpfs -o mode=755 tmpfs "$root/disk"
mkdir "$root/disk/upper" "$root/disk/work" "$root/disk/root"
new=$root/disk/root
mount -t overlay -o "lowerdir=/,upperdir=$root/disk/upper,workdir=$root/disk/work" overlay "$new"

# Only what a system is made of; the rest is this machine's own business.
for dir in "$new"/*; do
	[ -d "$dir" ] && [ ! -L "$dir" ] || continue
	case ${dir##*/} in
	bin | boot | dev | etc | lib* | mnt | proc | sbin | usr | var) ;;
	run) mount -t tmpfs -o mode=755 tmpfs "$dir" ;;
	tmp) mount -t tmpfs -o mode=1777 tmpfs "$dir" ;;
	*) mount -t tmpfs -o mode=755 tmpfs "$dir" ;;
	esac
done
mkdir -m 755 "$new/run/sshd" "$new/run/layer" && mkdir -m 1777 "$new/run/lock"
mount --rbind /dev "$new/dev"
mount -t tmpfs -o mode=1777 tmpfs "$new/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$new/dev/pts"
mount --bind "$new/dev/pts/ptmx" "$new/dev/ptmx"
mount -t proc proc "$new/proc"
mount --bind "$root/disk/upper" "$new/run/layer" # for whoever compares what changed

cp -a --remove-destination "$root/etc/." "$new/etc/"
cp -a "$root/home/." "$new/home/"
rm -rf "$new"/etc/apt/* "$new"/var/lib/apt/lists/* "$new"/var/cache/apt/* "$new"/usr/sbin/policy-rc.d \
	"$new/var/lib/man-db/auto-update" # an index of manual pages takes longer than all else
mkdir -p "$new/etc/apt/apt.conf.d" "$new/etc/apt/preferences.d" "$new/etc/apt/trusted.gpg.d" "$new/srv/packages"
mount --bind "$packages" "$new/srv/packages"
mount -o remount,bind,ro "$new/srv/packages"
echo 'deb [trusted=yes] file:/srv/packages ./' >"$new/etc/apt/sources.list"

exec chroot "$new" /bin/sh -c 'cd /
trap "exit 0" TERM # all others of the host end with the first process
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/sbin/sshd -D -E /var/log/sshd.log -f /etc/ssh/sshd_config </dev/null >/dev/null 2>&1 &
while :; do
	sleep 3600 &
	wait $! || : # reaps whatever has lost its parent, too
done'

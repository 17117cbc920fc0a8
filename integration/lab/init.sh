# The first process of a lab host, in namespaces of its own: gives the host its
# own directories, then runs sshd. When this process ends, the host is off.
#
#   init.sh --appm-lab=DIRECTORY NAME BOUND EXTRA
#
# DIRECTORY holds the host's files; BOUND is 1 for an /etc/hosts that is a
# mount of its own; EXTRA is a directory to show as /opt/database, or "".
set -eu
root=${1#--appm-lab=} name=$2 bound=$3 extra=$4

mount --make-rprivate /
machine=$(cut -d' ' -f5 /proc/self/mountinfo)
hostname "$name"

# From /mnt, because what is mounted below may hide the directory itself.
mount --bind "$root" /mnt
if [ -n "$extra" ]; then mount --bind "$extra" /mnt/opt/database; fi
for dir in etc home opt root srv var; do mount --rbind "/mnt/$dir" "/$dir"; done
if [ "$bound" = 1 ]; then mount --bind /mnt/bound/hosts /etc/hosts; fi
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd && mkdir -m 1777 /run/lock
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts /dev/pts
mount --bind /dev/pts/ptmx /dev/ptmx
mount -t proc proc /proc
mount --bind /mnt/tmp /tmp
umount -l /mnt

# Nothing that happens on the host reaches the machine's own files: what was
# mounted before is read-only, but where the host has its own in its place.
for dir in $machine; do
	case $dir in
	/etc | /etc/* | /home | /home/* | /opt | /opt/* | /root | /root/* | /srv | /srv/* | /var | /var/*) ;;
	/run | /run/* | /tmp | /tmp/* | /proc | /proc/* | /dev | /dev/*) ;;
	*) mount -o remount,bind,ro "$dir" || echo "still writable: $dir" ;;
	esac
done

trap 'exit 0' TERM # all others of the host end with the first process
cd /
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/sbin/sshd -D -E /var/log/sshd.log -f /etc/ssh/sshd_config </dev/null >/dev/null 2>&1 &
while :; do
	sleep 3600 &
	wait $! || : # reaps whatever has lost its parent, too
done

# $1: a port. Prints what runs of a database server on this host:
#   process <pid>      a server's process
#   listen <address>   somebody listens on the port, as /proc/net writes addresses
#   database <folder>  in the data directory
#   hidden             the data directory may not be read
mine=$(readlink /proc/self/ns/net 2>/dev/null)
for dir in /proc/[0-9]*; do
	read -r name 2>/dev/null <"$dir/comm" || continue
	case $name in mysqld | mariadbd) ;; *) continue ;; esac
	theirs=$(readlink "$dir/ns/net" 2>/dev/null)
	# One of a container is not the host's.
	[ -n "$theirs" ] && [ "$theirs" != "$mine" ] || echo "process ${dir#/proc/}"
done
port=$(printf '%04X' "$1")
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r _ local _ state _; do
	case $state.$local in 0A.*:"$port") echo "listen ${local%:*}" ;; esac
done
data=/var/lib/mysql
if [ -d "$data" ] && [ ! -r "$data" ]; then
	echo hidden
else
	for dir in "$data"/*/; do
		[ ! -d "$dir" ] || { dir=${dir%/}; echo "database ${dir##*/}"; }
	done
fi
exit 0

# Starts the database server, or starts it anew, and waits until it listens.
# $1 MySQL|MariaDB  $2 port  $3 address, as /proc/net writes it, that is enough
# $4 how long to wait, seconds
# Prints "says …", then "up" or "failed …" and lines of the server's log.
flavor=$1 port=$(printf '%04X' "$2") address=$3 timeout=$4
[ "$(id -u)" = 0 ] || { echo "failed root is needed to start it; turn sudo on for this host"; exit 1; }
if [ "$flavor" = MySQL ]; then names="mysql mysqld mariadb"; else names="mariadb mysql mysqld"; fi
apart=
command -v setsid >/dev/null 2>&1 && apart=setsid
nap() { sleep 0.2 2>/dev/null || sleep 1; }
listens() {
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r _ local _ state _; do
		case $state.$local in
		0A.00000000:"$port" | 0A.00000000000000000000000000000000:"$port") echo yes ;;
		0A."$address":"$port") [ -z "$address" ] || echo yes ;;
		esac
	done | { read -r yes; [ "$yes" = yes ]; }
}
give_up() {
	echo "failed $1"
	{
		if [ -d /run/systemd/system ]; then journalctl -q --no-pager -n 15 -o cat -u "$name" 2>/dev/null; fi
		for log in /var/log/mysql/error.log /var/log/mariadb/mariadb.log /var/log/mysqld.log /var/lib/mysql/*.err; do
			[ -s "$log" ] && tail -n 15 "$log" && break
		done
		[ ! -s "$out" ] || tail -n 15 "$out"
	} | tail -n 20 | while IFS= read -r l; do printf 'log %s\n' "$l"; done
	exit 1
}
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
trap 'exit 1' HUP INT TERM
# The way that the host's own operator would take: its service manager, the
# package's script where there is none, the server's own guard where there is
# neither. What it starts must not hold our output.
name= how=
for n in $names; do
	if [ -d /run/systemd/system ]; then
		systemctl cat "$n.service" >/dev/null 2>&1 && name=$n how="systemctl restart $n"
	elif [ -x "/etc/init.d/$n" ]; then
		name=$n how="/etc/init.d/$n restart"
	fi
	[ -z "$how" ] || break
done
if [ -n "$how" ]; then
	echo "says $how"
	$apart sh -c "$how" </dev/null >"$out" 2>&1 || give_up "$how ended with $?"
else
	guard=$(command -v mariadbd-safe || command -v mysqld_safe) || give_up "the host has no service mariadb, mysql or mysqld, and no mysqld_safe"
	for dir in /proc/[0-9]*; do
		read -r comm 2>/dev/null <"$dir/comm" || continue
		case $comm in mysqld | mariadbd) give_up "process ${dir#/proc/} was not started by a service of this host; stop it by hand" ;; esac
	done
	echo "says $guard"
	mkdir -p /run/mysqld && chown mysql: /run/mysqld 2>/dev/null
	$apart "$guard" --user=mysql </dev/null >"$out" 2>&1 &
fi
until=$(($(date +%s) + timeout))
while ! listens; do
	[ "$(date +%s)" -lt "$until" ] || give_up "nobody listens where it should within $timeout s; does another file set bind-address, port or skip-networking?"
	nap
done
echo "up"

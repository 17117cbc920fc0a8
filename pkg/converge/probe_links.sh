# $1: a home, the others: ports as /proc/net/tcp writes them. Prints, as that
# file writes them, the two ends of each connection that the home's server has
# and one of the ports is in: "<local> <remote>". The last line is "end"; it is
# missing where the host cannot tell.
# So few, however busy the server: its peers make a handful.
most=200
home=$1
real=$(cd "$home" 2>/dev/null && pwd -P) || real=$home
shift
[ -r /proc/net/tcp ] || exit 0
pid=$(tr -d '\000\n' <"$home/wso2carbon.pid" 2>/dev/null)
case $pid in
'' | *[!0-9]*) echo end; exit 0 ;;
esac
# The file outlives its server, and another process may have the number by now.
tr '\000' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -e "-Dcarbon.home=$home" -e "-Dcarbon.home=$real" || { echo end; exit 0; }
[ -r "/proc/$pid/fd" ] || exit 0
sockets=$(ls -l "/proc/$pid/fd" 2>/dev/null | grep 'socket:')
ports=
for port; do ports="$ports -e :$port"; done
lines=$(grep -h $ports /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep ' 01 ' | head -n $most)
set -f
IFS='
'
for line in $lines; do
	unset IFS
	set -- $line
	case $sockets in *"socket:[${10}]"*) echo "$2 $3" ;; esac
done
echo end

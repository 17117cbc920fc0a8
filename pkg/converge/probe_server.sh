# $1: a home. Prints a line for each process that runs the server of it:
#   <pid> <start, ns since 1970 by this host's clock> <age, ns> <executable>
# Arguments are separated by NUL in /proc, so a home whose name begins with
# another home's name is told apart from it.
home=$1
# A home may be a link, and its server may have been started by either name.
real=$(cd "$home" 2>/dev/null && pwd -P) || real=$home
now() { n=$(date +%s%N); case $n in *[!0-9]*) n=$(date +%s)000000000 ;; esac; echo "$n"; }
bsd() {
	ps -axww -o pid=,lstart=,command= | while read -r pid wd mon day clock year cmd; do
		case " $cmd " in *" -Dcarbon.home=$home "* | *" -Dcarbon.home=$real "*)
			t=$(LC_ALL=C date -j -f '%b %d %T %Y' "$mon $day $clock $year" +%s) || continue
			echo "$pid ${t}000000000 $(($(now) - t * 1000000000)) -" ;;
		esac
	done
}
[ -r /proc/self/stat ] || { bsd; exit 0; }
# A fresh process started now: the difference of two start times and the wall
# clock give the other's start, whatever /proc/uptime shows in a container.
fresh=$(sh -c 'read -r s </proc/$$/stat && echo "${s##*) }"')
wall=$(date +%s%N)
case $wall in *[!0-9]*) wall=$(date +%s)000000000 ;; esac
hz=100 # what /proc counts in, on every architecture that Java 8 runs on
ticks() { shift 19; ticks=$1; }
ticks $fresh
mine=$ticks
# A shell reads a pipe byte by byte, so what grep leaves is taken whole.
all=$(head -v -c 200000 /proc/[0-9]*/cmdline 2>/dev/null | tr '\000' '\n' | grep -e '^==> /proc/' -e '^-Dcarbon\.home=')
set -f
IFS='
'
for arg in $all; do
	unset IFS
	case $arg in
	"==> /proc/"*"/cmdline <==") pid=${arg#==> /proc/}; pid=${pid%%/*} ;;
	"-Dcarbon.home=$home" | "-Dcarbon.home=$real")
		read -r s <"/proc/$pid/stat" 2>/dev/null || continue
		s=${s##*) }
		case $s in Z*) continue ;; esac
		ticks $s
		age=$(((mine - ticks) * (1000000000 / hz)))
		echo "$pid $((wall - age)) $age $(readlink "/proc/$pid/exe" 2>/dev/null || echo -)" ;;
	esac
done

# $1: a home. Prints a line for each process that runs the server of it:
#   <pid> <start, ns since 1970 by this host's clock> <age, ns> <executable>
# and, after a tab, the systemd unit that the process belongs to, if any.
# Arguments are separated by NUL in /proc, so a home whose name begins with
# another home's name is told apart from it.
home=$1 nl='
'
# A home may be a link, and its server may have been started by either name.
real=$home
! cd -P "$home" 2>/dev/null || real=$PWD
cd /
now() { n=$(date +%s%N); case $n in *[!0-9]*) n=$(date +%s)000000000 ;; esac; }
bsd() {
	ps -axww -o pid=,lstart=,command= | while read -r pid wd mon day clock year cmd; do
		case " $cmd " in *" -Dcarbon.home=$home "* | *" -Dcarbon.home=$real "*)
			t=$(LC_ALL=C date -j -f '%b %d %T %Y' "$mon $day $clock $year" +%s) || continue
			now
			echo "$pid ${t}000000000 $((n - t * 1000000000)) -" ;;
		esac
	done
}
[ -r /proc/self/stat ] || { bsd; exit 0; }

# Most processes are no servers of the product, which one look tells. The pattern
# must not find itself among the arguments of grep.
some=$(grep -ls -e '-Dcarbon[.]home=/' /proc/[0-9]*/cmdline)
[ -n "$some" ] || exit 0

# A fresh process started now: the difference of two start times and the wall
# clock give the other's start, whatever /proc/uptime shows in a container. A
# substitution is one, but not in every shell.
read -r mine _ </proc/self/stat
fresh=$(read -r s </proc/self/stat && echo "$s")
[ "${fresh%% *}" != "$mine" ] || fresh=$(sh -c 'read -r s </proc/$$/stat && echo "$s"')
now
wall=$n
hz=100 # what /proc counts in, on every architecture that Java 8 runs on
ticks() { shift 19; ticks=$1; }
ticks ${fresh##*) }
mine=$ticks
for pid in $some; do
	pid=${pid#/proc/} pid=${pid%/cmdline}
	# A shell reads a pipe byte by byte, so it is taken whole.
	args=$nl$(tr '\000' '\n' 2>/dev/null <"/proc/$pid/cmdline")$nl
	case $args in *"$nl-Dcarbon.home=$home$nl"* | *"$nl-Dcarbon.home=$real$nl"*) ;; *) continue ;; esac
	read -r s <"/proc/$pid/stat" 2>/dev/null || continue
	s=${s##*) }
	case $s in Z*) continue ;; esac
	ticks $s
	age=$(((mine - ticks) * (1000000000 / hz)))
	exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || exe=-
	unit=
	while IFS=: read -r _ kind group; do
		case $kind:$group in
		*=systemd:*/*.service | :*/*.service) unit=${group##*/} ;;
		esac
	done 2>/dev/null <"/proc/$pid/cgroup"
	echo "$pid $((wall - age)) $age $exe${unit:+	$unit}"
done

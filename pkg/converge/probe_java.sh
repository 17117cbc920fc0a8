# $@: places to look at first. Prints "<java home>\t<version>" for each Java
# installation found. The release file saves starting a JVM to ask it.
look() {
	[ -x "$1/bin/java" ] || return 0
	case $seen in *"
$1
"*) return 0 ;; esac
	seen="$seen
$1
"
	v=
	if [ -r "$1/release" ]; then
		while IFS= read -r l; do
			case $l in JAVA_VERSION=*) v=${l#JAVA_VERSION=}; v=${v#\"}; v=${v%%\"*}; break ;; esac
		done <"$1/release"
	fi
	if [ -z "$v" ]; then
		v=$("$1/bin/java" -version 2>&1 </dev/null | head -n 1)
		v=${v#*\"}; v=${v%%\"*}
	fi
	printf '%s\t%s\n' "$1" "$v"
}
seen='
'
for d in "$@" "${JAVA_HOME:-/nonexistent}" /usr/lib/jvm/* /usr/java/* /opt/java* /opt/jdk* /opt/*jdk* /usr/local/java* /usr/local/jdk* \
	/Library/Java/JavaVirtualMachines/*/Contents/Home; do
	look "$d"
done
IFS=:
for d in $PATH; do
	[ -f "$d/java" ] && [ -x "$d/java" ] || continue
	java=$(readlink -f "$d/java" 2>/dev/null) && case $java in
	*/jre/bin/java) look "${java%/jre/bin/java}" ;;
	*/bin/java) look "${java%/bin/java}" ;;
	esac
	break
done
exit 0

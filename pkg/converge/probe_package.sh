# $1: a package. Prints what carries a database server on this host, or what
# would be installed. Nothing is changed: no lists are fetched, no caches made.
#   manager apt|dnf        user <id>
#   have <name> <version>  broken <name> <state>
#   comes <name> <version> unknown <why>
want=$1
echo "user $(id -u)"
of_apt() {
	echo "manager apt"
	have=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Version} ${Provides}\n' 2>/dev/null |
		while read -r state name version provides; do
			case "$name $provides," in
			"$want "* | *" virtual-mysql-server,"*) ;;
			*) continue ;;
			esac
			case $state in
			installed) echo "have $name $version" ;;
			not-installed | config-files) ;;
			*) echo "broken $name $state" ;;
			esac
		done)
	[ -z "$have" ] || { printf '%s\n' "$have"; return; }
	LC_ALL=C apt-get -s -q --no-install-recommends --no-remove -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		install "$want" 2>&1 </dev/null | while read -r word name rest; do
		case $word in
		Inst) rest=${rest#\[*\] } rest=${rest#(}; echo "comes $name ${rest%% *}" ;;
		E:) echo "unknown $name $rest" ;;
		esac
	done
}
of_dnf() {
	echo "manager dnf"
	for program in /usr/libexec/mariadbd /usr/libexec/mysqld /usr/sbin/mariadbd /usr/sbin/mysqld; do
		[ -x "$program" ] || continue
		rpm -qf --qf 'have %{NAME} %{VERSION}-%{RELEASE}\n' "$program" && return
	done
	rpm -q --qf 'have %{NAME} %{VERSION}-%{RELEASE}\n' "$want" >/dev/null 2>&1 &&
		rpm -q --qf 'have %{NAME} %{VERSION}-%{RELEASE}\n' "$want" && return
	# Two kinds of dnf: one ends a line by itself.
	LC_ALL=C dnf -q -C repoquery --available --latest-limit=1 --qf 'comes %{name} %{evr}
' "$want" 2>&1 </dev/null | while read -r word name rest; do
		case $word in
		comes) echo "comes $name $rest"; break ;;
		Error:) echo "unknown $name $rest" ;;
		esac
	done
}
if command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1; then
	of_apt
elif command -v dnf >/dev/null 2>&1 && command -v rpm >/dev/null 2>&1; then
	of_dnf
fi
exit 0

# Prints the homes of App Manager on this host: those of servers that run, and
# those in the folders where people put it. One that is both is printed twice.
home() {
	real=$(cd "$1" 2>/dev/null && pwd -P) || return 0
	[ ! -f "$real/repository/conf/app-manager.xml" ] || echo "$real"
}
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\000' '\n' | grep -e '^-Dcarbon\.home=/' | while IFS= read -r arg; do
	home "${arg#-Dcarbon.home=}"
done
for script in /opt/*/bin/wso2server.sh /opt/*/*/bin/wso2server.sh /srv/*/bin/wso2server.sh /usr/local/*/bin/wso2server.sh /home/*/*/bin/wso2server.sh; do
	[ ! -f "$script" ] || home "${script%/bin/wso2server.sh}"
done

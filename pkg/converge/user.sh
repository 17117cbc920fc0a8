# Makes a user for servers to run as, who cannot log in. $1 its name  $2 its shell
# Words on stdout: failed TEXT.
failed() { echo "failed $*"; exit 1; }
! id -u -- "$1" >/dev/null 2>&1 || exit 0
[ "$(id -u)" = 0 ] || failed "making the user $1 needs root: write sudo = true for this host, or make it yourself"
shell=$2
for other in "$2" /sbin/nologin /usr/bin/false /bin/false; do
	[ -x "$other" ] && shell=$other && break
done
if command -v useradd >/dev/null 2>&1; then
	e=$(useradd --system --user-group --no-create-home --home-dir /nonexistent --shell "$shell" -- "$1" 2>&1)
elif command -v addgroup >/dev/null 2>&1 && command -v adduser >/dev/null 2>&1; then
	addgroup -S "$1" >/dev/null 2>&1
	e=$(adduser -S -D -H -h /nonexistent -s "$shell" -G "$1" "$1" 2>&1)
else
	failed "the host has neither useradd nor adduser to make the user $1 with; make it yourself"
fi || failed "the user $1 was not made: $e"
id -u -- "$1" >/dev/null 2>&1 || failed "the user $1 was not made: $e"

# Connects stdin and stdout with the unix socket $1. perl is what every host has
# that carries a database server, as the servers' own packages need it.
relay() {
	if ! command -v perl >/dev/null 2>&1; then
		echo "$N 5 the host has no perl, which is needed to reach it as root; install it"
		return
	fi
	perl -e '
use strict; use Socket;
my ($mark, $path) = @ARGV;
my $s;
socket($s, PF_UNIX, SOCK_STREAM, 0) && connect($s, sockaddr_un($path))
	or do { print "$mark 5 $!\n"; exit };
$| = 1;
print "$mark 4\n";
sub copy {
	my ($from, $to) = @_;
	while (sysread($from, my $data, 65536)) {
		while (length $data) {
			my $n = syswrite($to, $data);
			return unless defined $n;
			substr($data, 0, $n) = "";
		}
	}
}
my $child = fork;
die "fork: $!\n" unless defined $child;
if (!$child) { copy(\*STDIN, $s); shutdown($s, 2); exit }
copy($s, \*STDOUT);
kill "TERM", $child;
' "$N" "$1"
}

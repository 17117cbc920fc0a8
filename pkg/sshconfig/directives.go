package sshconfig

import "strings"

// class is what becomes of a directive.
type class int

const (
	unknown  class = iota
	honoured       // does what it does in ssh
	harmless       // changes neither whom we talk to nor as whom
	refused        // would change that, and we do not support it
)

// Every directive is in one of the three lists, which docs/ssh.md explains; a
// test compares them with that page and with what ssh knows.
const (
	honouredNames = `Host Match Include IgnoreUnknown HostName User Port IdentityFile CertificateFile IdentitiesOnly IdentityAgent
		PubkeyAuthentication ProxyJump UserKnownHostsFile GlobalKnownHostsFile HostKeyAlias StrictHostKeyChecking HostKeyAlgorithms
		Ciphers KexAlgorithms MACs AddressFamily BindAddress ConnectTimeout ServerAliveInterval ServerAliveCountMax`

	harmlessNames = `AddKeysToAgent BatchMode CanonicalDomains CanonicalizeFallbackLocal CanonicalizeMaxDots CanonicalizePermittedCNAMEs
		ChannelTimeout CheckHostIP ClearAllForwardings Compression ConnectionAttempts ControlMaster ControlPath ControlPersist
		DynamicForward EnableEscapeCommandline EnableSSHKeysign EscapeChar ExitOnForwardFailure FingerprintHash ForkAfterAuthentication
		ForwardAgent ForwardX11 ForwardX11Timeout ForwardX11Trusted GatewayPorts GSSAPIAuthentication GSSAPIClientIdentity
		GSSAPIDelegateCredentials GSSAPIKexAlgorithms GSSAPIKeyExchange GSSAPIRenewalForcesRekey GSSAPIServerIdentity GSSAPITrustDNS
		HashKnownHosts HostbasedAcceptedAlgorithms HostbasedAuthentication IPQoS KbdInteractiveAuthentication KbdInteractiveDevices
		LocalCommand LocalForward LogLevel LogVerbose NoHostAuthenticationForLocalhost NumberOfPasswordPrompts ObscureKeystrokeTiming
		PasswordAuthentication PermitLocalCommand PermitRemoteOpen PreferredAuthentications ProxyUseFdpass PubkeyAcceptedAlgorithms
		RekeyLimit RemoteCommand RemoteForward RequestTTY SecurityKeyProvider SendEnv SessionType SetEnv StdinNull StreamLocalBindMask
		StreamLocalBindUnlink SyslogFacility Tag TCPKeepAlive Tunnel TunnelDevice UpdateHostKeys UseKeychain VerifyHostKeyDNS
		VisualHostKey WarnWeakCrypto XAuthLocation`

	refusedNames = `BindInterface CanonicalizeHostname CASignatureAlgorithms KnownHostsCommand PKCS11Provider ProxyCommand RefuseConnection
		RequiredRSASize RevokedHostKeys`

	// obsoleteNames are of older versions; ssh ignores them too.
	obsoleteNames = `AFSTokenPassing Cipher CompressionLevel DSAAuthentication FallBackToRsh GlobalKnownHostsFile2 KerberosAuthentication
		KerberosTGTPassing Protocol RhostsAuthentication RhostsRSAAuthentication RSAAuthentication UseBlacklistedKeys UsePrivilegedPort UseRoaming UseRsh
		UserKnownHostsFile2`
)

// otherNames are older names of directives.
var otherNames = map[string]string{
	"identityfile2": "identityfile", "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
	"hostbasedkeytypes": "hostbasedacceptedalgorithms", "challengeresponseauthentication": "kbdinteractiveauthentication",
	"skeyauthentication": "kbdinteractiveauthentication", "tisauthentication": "kbdinteractiveauthentication",
	"keepalive": "tcpkeepalive", "smartcarddevice": "pkcs11provider",
	"protocolkeepalives": "serveraliveinterval", "setuptimeout": "serveraliveinterval", // Debian's
}

var classes, spellings = table()

func table() (map[string]class, map[string]string) {
	classes, spellings := map[string]class{}, map[string]string{}
	for names, c := range map[string]class{honouredNames: honoured, harmlessNames: harmless, refusedNames: refused, obsoleteNames: harmless} {
		for _, name := range strings.Fields(names) {
			classes[strings.ToLower(name)] = c
			spellings[strings.ToLower(name)] = name
		}
	}
	return classes, spellings
}

func classOf(keyword string) class { return classes[keyword] }

// canonical is today's name of a directive.
func canonical(keyword string) string {
	if now, is := otherNames[keyword]; is {
		return now
	}
	return keyword
}

// spelled is a keyword as the manual writes it.
func spelled(keyword string) string {
	if name, known := spellings[keyword]; known {
		return name
	}
	return keyword
}

// harmlessValues switch a refused directive off.
var harmlessValues = map[string][]string{
	"canonicalizehostname": {"no", "false", "none"}, "knownhostscommand": {"none"}, "pkcs11provider": {"none"}, "proxycommand": {"none"},
	"revokedhostkeys": {"none"}, "bindinterface": {"none"},
}

// instead is what to do about a refused directive.
var instead = map[string]string{
	"proxycommand":          `use ProxyJump, or jump in the inventory; jump = "none" there connects directly, whatever this line says`,
	"canonicalizehostname":  "write the full name into the inventory",
	"bindinterface":         "use BindAddress",
	"knownhostscommand":     "put the host's key into a known_hosts file, or its fingerprint into host_key of the inventory",
	"revokedhostkeys":       "put the revoked keys into known_hosts, with @revoked before them",
	"pkcs11provider":        "load the token into the agent: ssh-add -s",
	"casignaturealgorithms": "leave it out for this host",
	"requiredrsasize":       "leave it out for this host",
	"refuseconnection":      "it says not to connect to this host",
}

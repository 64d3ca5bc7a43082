package netguard

import "net/netip"

// public says whether an address is out on the public network. What is not
// known to be public is not.
func public(ip netip.Addr) bool {
	if !ip.IsValid() || !ip.IsGlobalUnicast() {
		return false
	}
	if ip.Is6() && !netip.MustParsePrefix("2000::/3").Contains(ip) { // all that was ever given out
		return false
	}
	for _, p := range special() {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// special lists the networks that are set aside, after the registries of
// special-purpose addresses (RFC 6890 and what came later).
func special() []netip.Prefix {
	texts := []string{
		"0.0.0.0/8",       // this network
		"10.0.0.0/8",      // private
		"100.64.0.0/10",   // behind a provider's translation
		"127.0.0.0/8",     // loopback
		"169.254.0.0/16",  // link-local; cloud metadata
		"172.16.0.0/12",   // private
		"192.0.0.0/24",    // protocols
		"192.0.2.0/24",    // documentation
		"192.88.99.0/24",  // old relays of 6to4
		"192.168.0.0/16",  // private
		"198.18.0.0/15",   // benchmarks
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"224.0.0.0/4",     // multicast
		"240.0.0.0/4",     // reserved, broadcast

		"2001::/23",     // protocols, among them Teredo, which wraps any address
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4, which wraps any address
		"3fff::/20",     // documentation
	}
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// translated gives the IPv4 address that a gateway makes of an IPv6 one: on a
// network without IPv4 all the old web is reached so (RFC 6052).
func translated(ip netip.Addr) (netip.Addr, bool) {
	if !netip.MustParsePrefix("64:ff9b::/96").Contains(ip) {
		return netip.Addr{}, false
	}
	all := ip.As16()
	return netip.AddrFrom4([4]byte(all[12:])), true
}

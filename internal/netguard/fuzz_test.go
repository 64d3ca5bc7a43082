package netguard_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"sluice/internal/netguard"
)

func FuzzWhatPassesByItsLooksIsNoAddressOfOurs(f *testing.F) {
	for _, address := range []string{
		"https://media.example.com/a.mp4", "http://127.0.0.1/", "http://[::ffff:169.254.169.254]/", "http://0x7f.1/", "http://2130706433", "http://10.0.0.1:80", "http://[64:ff9b::7f00:1]/", "http://[fe80::1%25en0]/",
		"http://user@127.0.0.1", "HTTP://LOCALHOST:443/", "http://127.0.0.1.", "http://a\x1b[31m/", "//x", "http:127.0.0.1",
	} {
		f.Add(address)
	}
	g, err := netguard.New(netguard.Config{Own: func() []netip.Addr { return nil }})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := url.Parse(address)
		if err != nil {
			return
		}
		if err := g.Check(u); err != nil {
			if strings.ContainsFunc(err.Error(), unicode.IsControl) || len(err.Error()) > 600 {
				t.Errorf("%q is refused as %q", address, err)
			}
			return
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Hostname() == "" {
			t.Errorf("%q is let through", address)
		}
		ip, err := netip.ParseAddr(u.Hostname())
		if err == nil && (ip.Unmap().IsLoopback() || ip.Unmap().IsPrivate() || ip.Unmap().IsLinkLocalUnicast() || ip.Unmap().IsUnspecified() || ip.IsMulticast()) {
			t.Errorf("%q is let through, and is %v", address, ip)
		}
	})
}

//! Who a client is: the address of the connection, or what a proxy that is believed says of it.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::HeaderValue;

/// The header in which proxies say whom they speak for, each at its end.
const FORWARDED: &str = "x-forwarded-for";
/// The most entries of it that are looked at.
const ENTRIES: usize = 16;

/// The proxies that are believed.
#[derive(Debug, Default)]
pub(super) struct Proxies(Vec<Network>);

/// An address, or all that begin with the same bits.
#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Proxies {
    /// Reads `10.0.0.5, 10.1.0.0/16`.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim);
        let entries = entries.filter(|entry| !entry.is_empty());
        let read = entries.map(|entry| {
            Network::read(entry).ok_or_else(|| {
                format!("server.trusted_proxies: {entry:?} is neither an address nor a network such as 10.1.0.0/16")
            })
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    /// The client behind the connection of `peer`: from the end of the list, the first whom no proxy of ours stands
    /// for. What stands before him he may have written himself.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        if !self.believes(client) {
            return client;
        }
        let values = headers.get_all(FORWARDED).iter();
        // As bytes: whatever a client wrote before it, what our proxy added at the end counts.
        let lists: Vec<&[u8]> = values.map(HeaderValue::as_bytes).collect();
        let entries = lists.iter().rev();
        let entries = entries.flat_map(|list| list.rsplit(|byte| *byte == b','));
        for entry in entries.take(ENTRIES) {
            let text = std::str::from_utf8(entry).ok();
            // What is no address was written by nobody whom we believe.
            let Some(address) = text.and_then(|text| text.trim().parse::<IpAddr>().ok()) else {
                return client;
            };
            client = address.to_canonical();
            if !self.believes(client) {
                return client;
            }
        }
        client
    }

    fn believes(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }
}

impl Network {
    fn read(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { address, bits })
    }

    fn holds(&self, address: IpAddr) -> bool {
        let (ours, theirs, most) = match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                (u128::from(ours.to_bits()), u128::from(theirs.to_bits()), 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (ours.to_bits(), theirs.to_bits(), 128),
            _ => return false,
        };
        let differing = ours ^ theirs;
        differing
            .checked_shr(most - u32::from(self.bits))
            .unwrap_or(0)
            == 0
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, which one household has to itself.
pub(super) fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        // Above all IPv4 addresses.
        IpAddr::V6(address) => address.to_bits() >> 64 | 1 << 127,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client<L: AsRef<[u8]>>(proxies: &str, peer: &str, lists: &[L]) -> String {
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(FORWARDED, HeaderValue::from_bytes(list.as_ref()).unwrap());
        }
        let proxies = Proxies::new(proxies).unwrap();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_named() {
        assert_eq!(client("", "10.0.0.5", &["1.2.3.4"]), "10.0.0.5");
        assert_eq!(client("10.0.0.6", "10.0.0.5", &["1.2.3.4"]), "10.0.0.5");
        assert_eq!(client("10.0.0.5", "10.0.0.5", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(client("10.0.0.5", "10.0.0.5", &[""; 0]), "10.0.0.5");
    }

    #[test]
    fn what_a_client_wrote_himself_is_not_believed() {
        let ours = "10.0.0.0/8";
        assert_eq!(client(ours, "10.0.0.5", &["9.9.9.9, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(
            client(ours, "10.0.0.5", &["9.9.9.9", "1.2.3.4, 10.0.0.7"]),
            "1.2.3.4"
        );
        assert_eq!(
            client(ours, "10.0.0.5", &["1.2.3.4, junk, 10.0.0.7"]),
            "10.0.0.7"
        );
        assert_eq!(client(ours, "11.0.0.5", &["1.2.3.4"]), "11.0.0.5");
    }

    #[test]
    fn bytes_that_are_no_text_hide_nobody() {
        let of = |lists: &[&[u8]]| client("10.0.0.0/8", "10.0.0.5", lists);
        assert_eq!(of(&[b"\xff, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(of(&[b"\xff", b"1.2.3.4"]), "1.2.3.4");
        assert_eq!(of(&[b"9.9.9.9, \xff", b"1.2.3.4, 10.0.0.7"]), "1.2.3.4");
        assert_eq!(of(&[b"9.9.9.9", b"\xff, 10.0.0.7"]), "10.0.0.7");
        assert_eq!(of(&[b"1.2.3.4, \xff"]), "10.0.0.5");
    }

    #[test]
    fn networks_hold_what_begins_as_they_do() {
        let holds = |network: &str, address: &str| {
            Network::read(network)
                .unwrap()
                .holds(address.parse().unwrap())
        };
        assert!(holds("10.1.0.0/16", "10.1.255.1") && !holds("10.1.0.0/16", "10.2.0.1"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("2001:db8::/32", "2001:db8::1") && holds("::1", "::1"));
        for wrong in ["10.0.0.0/33", "10.0.0", "x", "::/129", "10.0.0.0/-1"] {
            assert!(Proxies::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_household_is_one_client() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:1.2.3.4"), of("1.2.3.4"));
        assert_ne!(of("0.0.0.1"), of("::1"));
    }
}

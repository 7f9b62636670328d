//! How masks stand in a message, and how they are found again: what the modules that hide topology have in common.

mod alphabet;
mod heading;
mod mask;
mod references;
mod sealed;

pub(crate) use heading::{Heading, Way};
pub(crate) use mask::{Kind, Mask, Mode};
pub(crate) use references::{Forged, References};

use sip::{NameAddr, Span, Via};

/// The names and prefixes of the parameters, and the codes in them.
pub(crate) struct Veil {
    mask: Mask,
    /// `sip:MASK_IP;line=sr-`.
    uri_start: Vec<u8>,
    /// `;line=`.
    uri_param: Vec<u8>,
    uri_prefix: Vec<u8>,
    /// `SIP/2.0/UDP MASK_IP;branch=z9hG4bKsr-`.
    via_start: Vec<u8>,
    via_param: Vec<u8>,
    via_prefix: Vec<u8>,
    call_id_prefix: Vec<u8>,
    /// Only URIs that begin as ours do are read (`uri_prefix_checks`).
    whole_prefix: bool,
}

/// The parameters that say how masks look.
pub(crate) struct Look<'a> {
    /// `mask_ip`; an IPv6 address in brackets.
    pub(crate) ip: &'a [u8],
    /// `uparam_name` and `uparam_prefix`.
    pub(crate) uri: (&'a [u8], &'a [u8]),
    /// `vparam_name` and `vparam_prefix`.
    pub(crate) via: (&'a [u8], &'a [u8]),
    /// `callid_prefix`.
    pub(crate) call_id: &'a [u8],
    /// `uri_prefix_checks`.
    pub(crate) whole_prefix: bool,
}

/// What a value turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It is no mask.
    Clear,
    /// A mask, of the value that was appended.
    Hidden,
    /// It looks like a mask and is none of ours.
    Forged,
}

impl Found {
    fn of(is_ours: bool) -> Found {
        match is_ours {
            true => Found::Hidden,
            false => Found::Forged,
        }
    }
}

impl Veil {
    /// Masks of this look.
    pub(crate) fn new(mask: Mask, look: &Look<'_>) -> Veil {
        let (uri_name, uri_prefix) = look.uri;
        let (via_name, via_prefix) = look.via;
        Veil {
            mask,
            uri_start: [b"sip:", look.ip, b";", uri_name, b"=", uri_prefix].concat(),
            uri_param: [b";", uri_name, b"="].concat(),
            uri_prefix: uri_prefix.to_vec(),
            via_start: [b"SIP/2.0/UDP ", look.ip, b";", via_name, b"=", via_prefix].concat(),
            via_param: via_name.to_vec(),
            via_prefix: via_prefix.to_vec(),
            call_id_prefix: look.call_id.to_vec(),
            whole_prefix: look.whole_prefix,
        }
    }

    /// Writes what stands for a URI.
    pub(crate) fn hide_uri(&self, uri: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.uri_start);
        self.mask.encode(Kind::Uri, uri, out);
    }

    /// Writes what stands for an address value of a header: its display name and parameters stay. One that
    /// cannot be read is hidden whole.
    pub(crate) fn hide_address(&self, value: &[u8], out: &mut Vec<u8>) {
        let address = NameAddr::parse(value).ok();
        let place = address.and_then(|address| Span::find(value, address.uri));
        let (Some(address), Some(place)) = (address, place) else {
            out.push(b'<');
            self.hide_uri(&one_line(value.to_vec()), out);
            return out.push(b'>');
        };
        let (before, behind) = (
            value.get(..place.start as usize),
            value.get(place.end as usize..),
        );
        out.extend_from_slice(before.unwrap_or_default());
        if !address.bracketed {
            out.push(b'<');
        }
        self.hide_uri(address.uri, out);
        if !address.bracketed {
            out.push(b'>');
        }
        out.extend_from_slice(behind.unwrap_or_default());
    }

    /// Writes what stands for a Via value. The one that the request came with carries its heading.
    pub(crate) fn hide_via(&self, mut via: Vec<u8>, heading: Option<Heading>, out: &mut Vec<u8>) {
        if let Some(heading) = heading {
            note_heading(&mut via, heading);
        }
        let plain = one_line(via);
        out.extend_from_slice(&self.via_start);
        self.mask.encode(Kind::Via, &plain, out);
    }

    /// Writes what stands for a Call-ID.
    pub(crate) fn hide_call_id(&self, kind: Kind, call_id: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.call_id_prefix);
        self.mask.encode(kind, call_id, out);
    }

    /// False where none of the URIs in a value can be a mask; tells it without reading them.
    pub(crate) fn may_be_in(&self, value: &[u8]) -> bool {
        find_ignoring_case(value, &self.uri_param).is_some()
    }

    /// Reads a URI, and appends what is hidden in it; headers behind `?` stay where they are.
    pub(crate) fn find_uri(&self, uri: &[u8], out: &mut Vec<u8>) -> Found {
        let Some(rest) = self.rest_from_code(uri) else {
            return Found::Clear;
        };
        let end = memchr::memchr2(b';', b'?', rest).unwrap_or(rest.len());
        let (code, behind) = rest.split_at(end);
        let is_ours = self.open(Kind::Uri, code, out);
        if is_ours && let Some(at) = memchr::memchr(b'?', behind) {
            out.extend_from_slice(behind.get(at..).unwrap_or_default());
        }
        Found::of(is_ours)
    }

    /// From the code on, which stands before any headers.
    fn rest_from_code<'a>(&self, uri: &'a [u8]) -> Option<&'a [u8]> {
        // As it left: nothing stands before the parameter that could be taken for it.
        let whole = uri.strip_prefix(self.uri_start.as_slice());
        if whole.is_some() || self.whole_prefix {
            return whole;
        }
        let at = find_ignoring_case(uri, &self.uri_param)?;
        let (before, param) = uri.split_at_checked(at)?;
        let value = param.get(self.uri_param.len()..)?;
        let is_header = memchr::memchr(b'?', before).is_some();
        value
            .strip_prefix(self.uri_prefix.as_slice())
            .filter(|_| !is_header)
    }

    /// Reads a Via value, and appends what is hidden in it.
    pub(crate) fn find_via(&self, value: &[u8], out: &mut Vec<u8>) -> Found {
        // As it left: what opens is made of the octets of a token, so that this is a Via.
        let code = value.strip_prefix(self.via_start.as_slice());
        if code.is_some_and(|code| self.open(Kind::Via, code, out)) {
            return Found::Hidden;
        }
        let Ok(via) = Via::parse(value) else {
            return Found::Clear;
        };
        let value = via
            .params
            .find_name(&self.via_param)
            .and_then(|param| param.value);
        match value.and_then(|value| value.strip_prefix(self.via_prefix.as_slice())) {
            Some(code) => Found::of(self.open(Kind::Via, code, out)),
            None => Found::Clear,
        }
    }

    /// Reads a Call-ID, or a reference to one, and appends what is hidden in it.
    pub(crate) fn find_call_id(&self, kind: Kind, call_id: &[u8], out: &mut Vec<u8>) -> Found {
        match call_id.strip_prefix(self.call_id_prefix.as_slice()) {
            Some(code) => Found::of(self.open(kind, code, out)),
            None => Found::Clear,
        }
    }

    /// Whether that is a hidden Call-ID of ours.
    pub(crate) fn is_call_id(&self, call_id: &[u8]) -> bool {
        self.find_call_id(Kind::CallId, call_id, &mut Vec::new()) == Found::Hidden
    }

    fn open(&self, kind: Kind, code: &[u8], out: &mut Vec<u8>) -> bool {
        if out.capacity() == 0 {
            out.reserve(OPENED);
        }
        self.mask.decode(kind, code, out)
    }
}

/// Octets that the masks of a message hide as a rule.
const OPENED: usize = 256;

/// Takes the heading out of a Via that was hidden and has been appended from `start` on, where it carries one.
pub(crate) fn take_heading(out: &mut Vec<u8>, start: usize) -> Option<Heading> {
    let at = start + find_ignoring_case(out.get(start..)?, COOKIE)?;
    let behind = at + COOKIE.len();
    let heading = Heading::of_cookie(out.get(behind..behind + 3)?)?;
    out.drain(at..behind + 3);
    Some(heading)
}

/// Kamailio's name for it.
const COOKIE: &[u8] = b";TH=";

/// Puts a heading into a Via where Kamailio puts it: behind the sent-by, and behind the `received` that was noted there.
fn note_heading(via: &mut Vec<u8>, heading: Heading) {
    let sent_by = memchr::memchr(b';', via).unwrap_or(via.len());
    let params = via.get(sent_by..).unwrap_or_default();
    let received = match params.starts_with(b";received=") {
        true => {
            1 + memchr::memchr(b';', params.get(1..).unwrap_or_default())
                .unwrap_or(params.len() - 1)
        }
        false => 0,
    };
    // It is put at the end, and changes places with what is to stand behind it.
    let (at, len) = (sent_by + received, via.len());
    via.extend_from_slice(COOKIE);
    via.extend_from_slice(&heading.cookie());
    let note = via.len() - len;
    via.get_mut(at..).unwrap_or_default().rotate_right(note);
}

/// A value without line ends: folding counts as a blank.
fn one_line(mut value: Vec<u8>) -> Vec<u8> {
    if memchr::memchr2(b'\r', b'\n', &value).is_some() {
        let ends = value.iter_mut().filter(|byte| b"\r\n".contains(byte));
        ends.for_each(|byte| *byte = b' ');
    }
    value
}

fn find_ignoring_case(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let begins = memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text);
    let mut found = begins.filter(|&at| {
        let there = text.get(at..at + part.len());
        there.is_some_and(|there| there.eq_ignore_ascii_case(part))
    });
    found.next()
}

#[cfg(test)]
mod tests {
    use super::Mode;
    use super::*;

    fn veil(mode: Mode, whole_prefix: bool) -> Veil {
        let look = Look {
            ip: b"10.1.1.10",
            uri: (b"line", b"sr-"),
            via: (b"branch", b"z9hG4bKsr-"),
            call_id: b"!!:",
            whole_prefix,
        };
        Veil::new(Mask::new(mode, b"YouDoHaveToChangeThisKey"), &look)
    }

    fn address(value: &str) -> String {
        let mut out = Vec::new();
        veil(Mode::Kamailio, false).hide_address(value.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    /// What 5.6.3 made of these Contacts.
    #[test]
    fn addresses_keep_name_and_parameters() {
        let code = "mUuGcIfx.Tvu8qnavaYGhDBe4E7a4bBG48**";
        let hidden = format!("sip:10.1.1.10;line=sr-{code}");
        let of = |value: &str| address(&value.replace('@', "sip:alice@127.0.0.1:23001"));
        assert_eq!(of("@"), format!("<{hidden}>"));
        assert_eq!(of("@;ob;tag=3"), format!("<{hidden}>;ob;tag=3"));
        assert_eq!(of("\"a<b\" <@>;q=1"), format!("\"a<b\" <{hidden}>;q=1"));
        assert_eq!(
            address("<tel:+123>"),
            "<sip:10.1.1.10;line=sr-0wSxcQxy4D4*>"
        );
        assert!(
            !address("alice <sip:10.0.0.1").contains("10.0.0.1"),
            "unreadable"
        );
    }

    #[test]
    fn a_via_carries_the_heading_where_kamailio_puts_it() {
        let heading = Heading {
            way: Way::Down,
            confirmed: false,
        };
        let veil = veil(Mode::Kamailio, false);
        let made = [
            (
                "SIP/2.0/UDP 127.0.0.1:23001;received=127.0.0.1;rport=23001;branch=z9hG4bK321149767",
                "L2u8hbNe4FKSdfB-4ENPhDBe4FYycDNb4qBycPlujUSR0IS61EnavaYGhDBe4EWLpqg6.9jzmZ5imZ8K4D4G4qnzjZlMrIv7197k.nm2j6xb4Dnyvq6PvDm*",
            ),
            (
                "SIP/2.0/TCP 127.0.0.1:23003;branch=z9hG4bKm4",
                "L2u8hbNe4FKL8gB-4ENPhDBe4FYycDNb4qBbcgdN1TdR0DWQmIfejU-KCDu7dbdQpU22",
            ),
        ];
        for (via, code) in made {
            let mut out = Vec::new();
            veil.hide_via(via.into(), Some(heading), &mut out);
            assert_eq!(
                out,
                format!("SIP/2.0/UDP 10.1.1.10;branch=z9hG4bKsr-{code}").as_bytes()
            );
            let mut plain = b";TH=ucv".to_vec();
            assert_eq!(veil.find_via(&out, &mut plain), Found::Hidden, "{via}");
            assert_eq!(take_heading(&mut plain, 7), Some(heading));
            assert_eq!(plain, [b";TH=ucv", via.as_bytes()].concat());
        }
        let mut bare = b"SIP/2.0/UDP 127.0.0.1;received=127.0.0.2".to_vec();
        note_heading(&mut bare, heading);
        assert_eq!(bare, b"SIP/2.0/UDP 127.0.0.1;received=127.0.0.2;TH=div");
    }

    #[test]
    fn phones_may_change_the_uri_around_the_code() {
        let found = |whole_prefix, uri: &str| {
            let mut out = Vec::new();
            let found = veil(Mode::Kamailio, whole_prefix).find_uri(uri.as_bytes(), &mut out);
            (found, out)
        };
        let code = "mUuGcIfx.Tvu8qnavaYGhDBe4E7a4bBG48**";
        let plain = (Found::Hidden, b"sip:alice@127.0.0.1:23001".to_vec());
        let forms = [
            "sip:10.1.1.10;line=sr-CODE",
            "sip:10.1.1.10;line=sr-CODE;transport=udp",
            "sip:10.1.1.10:5060;line=sr-CODE",
            "sip:x@10.2.2.2;LINE=sr-CODE",
        ];
        for (at, form) in forms.iter().enumerate() {
            let uri = form.replace("CODE", code);
            assert_eq!(found(false, &uri), plain, "{uri}");
            assert_eq!(found(true, &uri) == plain, at < 2, "{uri}");
        }
        let with_headers = b"sip:alice@127.0.0.1:23001?Replaces=a%3Bto-tag%3Db".to_vec();
        for params in ["", ";ob"] {
            let uri = format!("sip:10.1.1.10;line=sr-{code}{params}?Replaces=a%3Bto-tag%3Db");
            assert_eq!(found(false, &uri), (Found::Hidden, with_headers.clone()));
        }
        let in_headers = format!("sip:10.2.2.2?x=;line=sr-{code}");
        assert_eq!(found(false, &in_headers), (Found::Clear, Vec::new()));
    }

    #[test]
    fn what_others_wrote_is_clear_and_what_is_forged_is_told() {
        for mode in [Mode::Kamailio, Mode::Sealed, Mode::Migrate] {
            let veil = veil(mode, false);
            let out = &mut Vec::new();
            assert_eq!(
                veil.find_uri(b"sip:101@192.168.178.22:1056;line=mu3z2i1j", out),
                Found::Clear
            );
            assert_eq!(
                veil.find_uri(b"sip:10.1.1.10;line=sr-AAAA", out),
                Found::Forged
            );
            assert_eq!(
                veil.find_via(b"SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx", out),
                Found::Clear
            );
            assert_eq!(
                veil.find_via(b"SIP/2.0/UDP 10.1.1.10;branch=z9hG4bKsr-AAAA", out),
                Found::Forged
            );
            assert_eq!(veil.find_call_id(Kind::CallId, b"a@b", out), Found::Clear);
            assert_eq!(veil.find_call_id(Kind::CallId, b"!!:A", out), Found::Forged);
            assert!(out.is_empty());
        }
    }
}

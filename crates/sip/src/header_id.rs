//! Header names, known by number.

macro_rules! headers {
    ($($id:ident $name:literal $compact:literal,)*) => {
        /// A header by its name. The order is that of the table; [`HeaderId::Other`] is any name
        /// not in it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum HeaderId { $($id,)* Other }

        const IDS: &[HeaderId] = &[$(HeaderId::$id,)*];
        const NAMES: &[&str] = &[$($name,)*];
        const COMPACT: &[&str] = &[$($compact,)*];
    };
}

headers! {
    Via "Via" "v",
    From "From" "f",
    To "To" "t",
    CallId "Call-ID" "i",
    CSeq "CSeq" "",
    MaxForwards "Max-Forwards" "",
    Contact "Contact" "m",
    Route "Route" "",
    RecordRoute "Record-Route" "",
    ContentLength "Content-Length" "l",
    ContentType "Content-Type" "c",
    Expires "Expires" "",
    Authorization "Authorization" "",
    ProxyAuthorization "Proxy-Authorization" "",
    WwwAuthenticate "WWW-Authenticate" "",
    ProxyAuthenticate "Proxy-Authenticate" "",
    AuthenticationInfo "Authentication-Info" "",
    ProxyAuthenticationInfo "Proxy-Authentication-Info" "",
    Supported "Supported" "k",
    Require "Require" "",
    ProxyRequire "Proxy-Require" "",
    Unsupported "Unsupported" "",
    Allow "Allow" "",
    AllowEvents "Allow-Events" "u",
    Event "Event" "o",
    Accept "Accept" "",
    AcceptContact "Accept-Contact" "a",
    AcceptDisposition "Accept-Disposition" "",
    AcceptEncoding "Accept-Encoding" "",
    AcceptLanguage "Accept-Language" "",
    AcceptResourcePriority "Accept-Resource-Priority" "",
    AlertInfo "Alert-Info" "",
    AnswerMode "Answer-Mode" "",
    CallInfo "Call-Info" "",
    ContentDisposition "Content-Disposition" "",
    ContentEncoding "Content-Encoding" "e",
    ContentLanguage "Content-Language" "",
    Date "Date" "",
    Diversion "Diversion" "",
    ErrorInfo "Error-Info" "",
    FeatureCaps "Feature-Caps" "",
    FlowTimer "Flow-Timer" "",
    Geolocation "Geolocation" "",
    GeolocationError "Geolocation-Error" "",
    GeolocationRouting "Geolocation-Routing" "",
    HistoryInfo "History-Info" "",
    Identity "Identity" "y",
    IdentityInfo "Identity-Info" "n",
    InfoPackage "Info-Package" "",
    InReplyTo "In-Reply-To" "",
    Join "Join" "",
    MaxBreadth "Max-Breadth" "",
    MimeVersion "MIME-Version" "",
    MinExpires "Min-Expires" "",
    MinSe "Min-SE" "",
    Organization "Organization" "",
    PAccessNetworkInfo "P-Access-Network-Info" "",
    PAssertedIdentity "P-Asserted-Identity" "",
    PAssertedService "P-Asserted-Service" "",
    PAssociatedUri "P-Associated-URI" "",
    PCalledPartyId "P-Called-Party-ID" "",
    PChargingFunctionAddresses "P-Charging-Function-Addresses" "",
    PChargingVector "P-Charging-Vector" "",
    PEarlyMedia "P-Early-Media" "",
    PPreferredIdentity "P-Preferred-Identity" "",
    PPreferredService "P-Preferred-Service" "",
    PServedUser "P-Served-User" "",
    PVisitedNetworkId "P-Visited-Network-ID" "",
    Path "Path" "",
    PermissionMissing "Permission-Missing" "",
    Priority "Priority" "",
    Privacy "Privacy" "",
    RAck "RAck" "",
    Reason "Reason" "",
    RecvInfo "Recv-Info" "",
    ReferSub "Refer-Sub" "",
    ReferTo "Refer-To" "r",
    ReferredBy "Referred-By" "b",
    RejectContact "Reject-Contact" "j",
    RemotePartyId "Remote-Party-ID" "",
    Replaces "Replaces" "",
    ReplyTo "Reply-To" "",
    RequestDisposition "Request-Disposition" "d",
    ResourcePriority "Resource-Priority" "",
    RetryAfter "Retry-After" "",
    RSeq "RSeq" "",
    SecurityClient "Security-Client" "",
    SecurityServer "Security-Server" "",
    SecurityVerify "Security-Verify" "",
    Server "Server" "",
    ServiceRoute "Service-Route" "",
    SessionExpires "Session-Expires" "x",
    SessionId "Session-ID" "",
    SipEtag "SIP-ETag" "",
    SipIfMatch "SIP-If-Match" "",
    Subject "Subject" "s",
    SubscriptionState "Subscription-State" "",
    SuppressIfMatch "Suppress-If-Match" "",
    TargetDialog "Target-Dialog" "",
    Timestamp "Timestamp" "",
    UserAgent "User-Agent" "",
    UserToUser "User-to-User" "",
    Warning "Warning" "",
}

impl HeaderId {
    /// How many names are known; every known id is below it when cast.
    pub const COUNT: usize = NAMES.len();

    /// The header of that name or compact form, in any case.
    ///
    /// One table step by the first three octets, then a comparison with the few names (mostly one)
    /// that share them.
    pub fn lookup(name: &[u8]) -> Self {
        let head = match name {
            [letter] => return by_compact_form(*letter),
            [first, second] => [*first, *second, b':'],
            [first, second, third, ..] => [*first, *second, *third],
            [] => return Self::Other,
        };
        let mut at = FIRST[slot(head)];
        while let Some(known) = NAMES.get(usize::from(at)) {
            if known.as_bytes().eq_ignore_ascii_case(name) {
                return by_index(at);
            }
            at = NEXT[usize::from(at)];
        }
        Self::Other
    }

    /// The header whose name, spelt as RFC 3261 and IANA spell it, and the colon behind it begin a line, and the length of
    /// that name; none where [`HeaderId::lookup`] must say. Whole words are compared, without a call.
    #[inline]
    pub(crate) fn spelt(line: &[u8; PADDED]) -> Option<(Self, u8)> {
        let mut at = FIRST[slot([line[0], line[1], line[2]])];
        let line = words(line);
        while let (Some(known), Some(&len)) =
            (WORDS.get(usize::from(at)), LENGTHS.get(usize::from(at)))
        {
            let mask = &MASKS[usize::from(len) % PADDED];
            let differ = |at: usize| (line[at] ^ known[at]) & mask[at];
            if differ(0) | differ(1) | differ(2) | differ(3) == 0 {
                return Some((by_index(at), len));
            }
            at = NEXT[usize::from(at)];
        }
        None
    }

    /// The name as RFC 3261 and IANA write it; empty for [`HeaderId::Other`].
    pub fn canonical_name(self) -> &'static str {
        NAMES.get(self as usize).copied().unwrap_or_default()
    }

    /// The one-letter form, where one is registered.
    pub fn compact(self) -> Option<u8> {
        COMPACT.get(self as usize)?.as_bytes().first().copied()
    }

    /// Every known header.
    pub fn every() -> impl Iterator<Item = Self> {
        IDS.iter().copied()
    }
}

/// Octets that a name, its colon included, is padded to.
const PADDED: usize = 32;
const SLOTS: usize = 256;
const NONE: u8 = u8::MAX;

/// First known name by [`slot`]; [`NONE`] where there is none.
static FIRST: [u8; SLOTS] = CHAINS.0;
/// The next known name in the same slot.
static NEXT: [u8; NAMES.len()] = CHAINS.1;
/// Compact forms by letter.
static SHORT: [u8; 26] = short();

/// The slot of a line that begins with these octets, in any case.
#[inline]
const fn slot([first, second, third]: [u8; 3]) -> usize {
    // The factor is a random odd one: few names share a slot that do not share their beginning.
    let head = u32::from_le_bytes([first, second, third, 0]) | 0x20_2020;
    (head.wrapping_mul(0x9e37_79b1) >> 24) as usize
}

/// The names with their colons, padded, as the words that they are compared by.
static WORDS: [[u64; 4]; NAMES.len()] = {
    let mut all = [[0; 4]; NAMES.len()];
    let mut at = 0;
    while at < NAMES.len() {
        let name = NAMES[at].as_bytes();
        let mut padded = [0; PADDED];
        let mut octet = 0;
        while octet < name.len() {
            padded[octet] = name[octet];
            octet += 1;
        }
        padded[octet] = b':';
        all[at] = words(&padded);
        at += 1;
    }
    all
};
/// Octets of the names.
static LENGTHS: [u8; NAMES.len()] = {
    let mut all = [0; NAMES.len()];
    let mut at = 0;
    while at < NAMES.len() {
        all[at] = NAMES[at].len() as u8;
        at += 1;
    }
    all
};
/// The octets that count, by the length of the name: its own and the colon.
static MASKS: [[u64; 4]; PADDED] = {
    let mut all = [[0; 4]; PADDED];
    let mut len = 0;
    while len < PADDED {
        let mut mask = [0; PADDED];
        let mut octet = 0;
        while octet <= len {
            mask[octet] = 0xff;
            octet += 1;
        }
        all[len] = words(&mask);
        len += 1;
    }
    all
};

const fn words(octets: &[u8; PADDED]) -> [u64; 4] {
    let (eights, _) = octets.as_chunks::<8>();
    [
        u64::from_le_bytes(eights[0]),
        u64::from_le_bytes(eights[1]),
        u64::from_le_bytes(eights[2]),
        u64::from_le_bytes(eights[3]),
    ]
}

const CHAINS: ([u8; SLOTS], [u8; NAMES.len()]) = chains();

const fn chains() -> ([u8; SLOTS], [u8; NAMES.len()]) {
    let mut first = [NONE; SLOTS];
    let mut next = [NONE; NAMES.len()];
    let mut at = NAMES.len();
    while at > 0 {
        at -= 1;
        let name = NAMES[at].as_bytes();
        let third = if name.len() > 2 { name[2] } else { b':' };
        let slot = slot([name[0], name[1], third]);
        next[at] = first[slot];
        first[slot] = at as u8;
    }
    (first, next)
}

const fn short() -> [u8; 26] {
    let mut table = [NONE; 26];
    let mut at = 0;
    while at < COMPACT.len() {
        if let [letter] = COMPACT[at].as_bytes() {
            table[(*letter - b'a') as usize] = at as u8;
        }
        at += 1;
    }
    table
}

fn by_compact_form(letter: u8) -> HeaderId {
    let at = (letter | 0x20).wrapping_sub(b'a');
    SHORT
        .get(usize::from(at))
        .map_or(HeaderId::Other, |&index| by_index(index))
}

fn by_index(index: u8) -> HeaderId {
    IDS.get(usize::from(index))
        .copied()
        .unwrap_or(HeaderId::Other)
}

#[cfg(test)]
mod tests {
    use super::HeaderId;

    #[test]
    fn every_name_and_compact_form_is_found_in_any_case() {
        for id in HeaderId::every() {
            let name = id.canonical_name();
            assert_eq!(HeaderId::lookup(name.as_bytes()), id);
            assert_eq!(HeaderId::lookup(name.to_uppercase().as_bytes()), id);
            if let Some(letter) = id.compact() {
                assert_eq!(HeaderId::lookup(&[letter]), id);
                assert_eq!(HeaderId::lookup(&[letter.to_ascii_uppercase()]), id);
            }
        }
    }

    #[test]
    fn a_line_tells_its_name_as_it_is_mostly_spelt() {
        for id in HeaderId::every() {
            let name = id.canonical_name();
            let spelt = |end: &str| {
                let mut line = [b'x'; 32];
                let text = format!("{name}{end}");
                line[..text.len()].copy_from_slice(text.as_bytes());
                HeaderId::spelt(&line)
            };
            assert_eq!(spelt(":"), Some((id, name.len() as u8)), "{name}");
            assert_eq!(spelt(" :"), None, "{name}");
        }
    }

    #[test]
    fn other_names_are_other() {
        for name in [
            "", "X-Via", "Vix", "Vi", "z", "@", "Via ", "[oute", "\u{7f}",
        ] {
            assert_eq!(
                HeaderId::lookup(name.as_bytes()),
                HeaderId::Other,
                "{name:?}"
            );
        }
        assert_eq!(HeaderId::lookup(&[b'a'; 300]), HeaderId::Other);
    }
}

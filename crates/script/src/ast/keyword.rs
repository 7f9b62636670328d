//! Words that stand for something of the message.

macro_rules! keywords {
    ($($(#[$doc:meta])* $variant:ident = $($word:literal)|+,)*) => {
        /// Words that stand for something of the message in conditions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Keyword { $($(#[$doc])* $variant,)* }

        impl Keyword {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The keyword that a word is.
            #[must_use]
            pub fn of(word: &str) -> Option<Self> {
                match word { $($($word)|+ => Some(Self::$variant),)* _ => None }
            }

            /// As written; the first of its spellings.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => first(&[$($word),+]),)* }
            }
        }
    };
}

const fn first(words: &[&'static str]) -> &'static str {
    words[0]
}

keywords! {
    /// The method of the request (of a reply: of its CSeq).
    Method = "method",
    /// The Request-URI.
    Uri = "uri",
    /// The URI of From.
    FromUri = "from_uri",
    /// The URI of To.
    ToUri = "to_uri",
    /// The address the message came from.
    SrcIp = "src_ip",
    /// The port the message came from.
    SrcPort = "src_port",
    /// The address of ours it came to.
    DstIp = "dst_ip",
    /// The port of ours it came to.
    DstPort = "dst_port",
    /// In `onsend_route`: the address of ours it leaves from.
    SndIp = "snd_ip",
    /// In `onsend_route`: the port of ours it leaves from.
    SndPort = "snd_port",
    /// In `onsend_route`: the protocol it leaves by.
    SndProto = "snd_proto",
    /// In `onsend_route`: the address of ours it leaves from, by family.
    SndAf = "snd_af",
    /// In `onsend_route`: the address it goes to.
    ToIp = "to_ip",
    /// In `onsend_route`: the port it goes to.
    ToPort = "to_port",
    /// The protocol it came by.
    Proto = "proto" | "protocol",
    /// The address family it came by.
    Af = "af",
    /// The status of the reply.
    Status = "status",
    /// The length of the message in bytes.
    MsgLen = "msg:len",
    /// The size of the receive buffer.
    MaxLen = "max_len",
}

//! What is known of a request at one point of a script.

use super::Headers;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// Under this name a state keeps the failure route that is armed; no variable is called so.
pub(super) const FAILURE: Bytes = Bytes::from_static(b"failure_route");
/// Stands in a state that has lost its flags.
pub(super) const FLAGS_LOST: Bytes = Bytes::from_static(b"flags");

/// Everything a request may be at one point. Each state stands for all requests of which it is true.
pub(crate) type States = BTreeSet<State>;

/// What is known of a request at one point, on one way there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    /// The methods it may have.
    pub(crate) methods: Methods,
    /// What was found out about it.
    pub(crate) facts: Facts,
    /// Whether From names a domain of ours; the sender chooses it.
    pub(crate) from_ours: Truth,
    /// Whether the Request-URI names us.
    pub(crate) uri_ours: Truth,
    /// Whether To has a tag.
    pub(crate) to_tag: Truth,
    /// Where a relay would send it.
    pub(crate) target: Target,
    /// Headers that betray and were taken out.
    pub(crate) removed: Headers,
    /// `$rc`
    pub(crate) rc: Code,
    /// What the route gives if it ends here.
    pub(crate) last: Code,
    /// Variables with a known value, flags, and the failure route that is armed.
    pub(crate) known: BTreeMap<Bytes, Known>,
}

impl State {
    /// A request of which nothing is known.
    pub(crate) fn unknown() -> State {
        State {
            methods: Methods::ALL,
            facts: Facts::NONE,
            from_ours: Truth::Unknown,
            uri_ours: Truth::Unknown,
            to_tag: Truth::Unknown,
            target: Target::Request,
            removed: Headers::NONE,
            rc: Code::Unknown,
            last: Code::Is(1),
            known: BTreeMap::new(),
        }
    }

    /// The same with one more fact.
    pub(crate) fn with(mut self, facts: Facts) -> State {
        self.facts = self.facts.and(facts);
        self
    }

    /// The same after a call that gave `code`.
    pub(crate) fn after(mut self, code: Code) -> State {
        self.rc = code;
        self
    }

    /// The same with a known value, or none for one that is not known any more.
    pub(crate) fn knowing(mut self, name: Bytes, value: Option<Known>) -> State {
        match value {
            Some(value) => drop(self.known.insert(name, value)),
            None => drop(self.known.remove(&name)),
        }
        self
    }

    /// The same without its flags: each may be set or not.
    pub(crate) fn without_flags(mut self) -> State {
        self.known.retain(|name, _| *name == FAILURE);
        self.known.insert(FLAGS_LOST, Known::Null);
        self
    }

    /// The same with less detail, where too many states would come together. Flags stay.
    pub(crate) fn blurred(mut self) -> State {
        self.known.retain(|name, _| !name.starts_with(b"$"));
        self.rc = Code::Unknown;
        self.last = Code::Unknown;
        self
    }
}

/// Yes, no, or either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    /// Either.
    Unknown,
    /// Yes.
    Yes,
    /// No.
    No,
}

impl Truth {
    /// What it is after a test that said `yes`; none where that contradicts what was known.
    pub(crate) fn meet(self, yes: bool) -> Option<Truth> {
        let said = if yes { Truth::Yes } else { Truth::No };
        (self == Truth::Unknown || self == said).then_some(said)
    }
}

/// A return code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    /// Any.
    Unknown,
    /// Above 0: true.
    Positive,
    /// Below 0: false.
    Negative,
    /// This one.
    Is(i64),
}

impl Code {
    /// The code narrowed to one that counts as `yes`; none where it cannot.
    pub(crate) fn as_truth(self, yes: bool) -> Option<Code> {
        match self {
            Code::Unknown if yes => Some(Code::Positive),
            Code::Unknown => Some(Code::Negative),
            Code::Positive => yes.then_some(self),
            Code::Negative => (!yes).then_some(self),
            Code::Is(number) => ((number > 0) == yes).then_some(self),
        }
    }
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Known {
    /// A number.
    Int(i64),
    /// A return code that was kept.
    Code(Code),
    /// A text.
    Text(Bytes),
    /// `$null`
    Null,
}

/// Where a relay would send the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// Where its Request-URI says.
    Request,
    /// Where its Route headers say.
    Routed,
    /// To what a user registered, or the operator stored for him.
    Registered,
    /// To one of a set of servers that the operator keeps.
    Dispatched,
    /// To a host that the script names.
    Named,
}

macro_rules! bits {
    ($(#[$doc:meta])* $name:ident: $($(#[$bit_doc:meta])* $bit:ident = $number:literal,)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name(u32);

        impl $name {
            $($(#[$bit_doc])* pub(crate) const $bit: $name = $name(1 << $number);)*
            /// None of them.
            pub(crate) const NONE: $name = $name(0);

            /// Both.
            pub(crate) const fn and(self, other: $name) -> $name {
                $name(self.0 | other.0)
            }

            /// Those of `self` that are not in `other`.
            pub(crate) const fn without(self, other: $name) -> $name {
                $name(self.0 & !other.0)
            }

            /// Whether one of `other` is here.
            pub(crate) const fn any(self, other: $name) -> bool {
                self.0 & other.0 != 0
            }
        }
    };
}

bits! {
    /// What was found out about a request.
    Facts:
    /// The sender proved with a password who he is.
    AUTHENTICATED = 0,
    /// It came from an address that is trusted.
    TRUSTED = 1,
    /// `loose_route()` followed its Route headers.
    LOOSE = 2,
    /// Something that a stranger cannot know says that it belongs to a dialog of ours.
    IN_DIALOG = 3,
    /// It belongs to a transaction that is there.
    IN_TRANSACTION = 4,
    /// It carries credentials that were verified here.
    CREDENTIALS = 5,
    /// Its source does not send too much.
    COUNTED = 6,
    /// It is well-formed.
    SANE = 7,
    /// It has not come too far.
    HOPS = 8,
    /// Its User-Agent is no known scanner.
    NO_SCANNER = 9,
    /// Its source is not banned.
    NOT_BANNED = 10,
    /// It came from this machine.
    FROM_HERE = 11,
}

impl Facts {
    /// The sender is known, one way or another.
    pub(crate) const KNOWN_SENDER: Facts = Facts::AUTHENTICATED
        .and(Facts::TRUSTED)
        .and(Facts::FROM_HERE);
}

bits! {
    /// Methods.
    Methods:
    /// INVITE
    INVITE = 0,
    /// ACK
    ACK = 1,
    /// BYE
    BYE = 2,
    /// CANCEL
    CANCEL = 3,
    /// REGISTER
    REGISTER = 4,
    /// OPTIONS
    OPTIONS = 5,
    /// SUBSCRIBE
    SUBSCRIBE = 6,
    /// NOTIFY
    NOTIFY = 7,
    /// PUBLISH
    PUBLISH = 8,
    /// MESSAGE
    MESSAGE = 9,
    /// INFO
    INFO = 10,
    /// PRACK
    PRACK = 11,
    /// UPDATE
    UPDATE = 12,
    /// REFER
    REFER = 13,
    /// Every other one.
    OTHER = 14,
}

impl Methods {
    /// Every method.
    pub(crate) const ALL: Methods = Methods((1 << 15) - 1);

    /// Those that are in both.
    pub(crate) const fn within(self, other: Methods) -> Methods {
        Methods(self.0 & other.0)
    }

    /// The methods of a list `INVITE|SUBSCRIBE`, with the signs of a regular expression around it;
    /// none where it is no such list.
    pub(crate) fn of_list(text: &[u8]) -> Option<Methods> {
        let text = std::str::from_utf8(text).ok()?;
        let is_sign = |sign: char| "^$() ".contains(sign);
        let mut methods = Methods::NONE;
        for word in text.split('|') {
            let word = word.trim_matches(is_sign);
            if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                return None;
            }
            methods = methods.and(Methods::of_name(&word.to_ascii_uppercase()));
        }
        Some(methods)
    }

    fn of_name(name: &str) -> Methods {
        match name {
            "INVITE" => Methods::INVITE,
            "ACK" => Methods::ACK,
            "BYE" => Methods::BYE,
            "CANCEL" => Methods::CANCEL,
            "REGISTER" => Methods::REGISTER,
            "OPTIONS" => Methods::OPTIONS,
            "SUBSCRIBE" => Methods::SUBSCRIBE,
            "NOTIFY" => Methods::NOTIFY,
            "PUBLISH" => Methods::PUBLISH,
            "MESSAGE" => Methods::MESSAGE,
            "INFO" => Methods::INFO,
            "PRACK" => Methods::PRACK,
            "UPDATE" => Methods::UPDATE,
            "REFER" => Methods::REFER,
            _ => Methods::OTHER,
        }
    }
}

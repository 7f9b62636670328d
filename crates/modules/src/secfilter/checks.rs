//! The script functions.

use super::SecFilter;
use super::counts::Check;
use super::injection::{looks_like_sql, suspicious};
use super::lists::{Colour, Kind, Lists};
use policy::{Context, Level, Outcome, Text};
use sip::{ContactValue, HeaderError, HeaderId, NameAddr};

/// Nothing was found.
const UNKNOWN: i32 = 1;
/// A value, or a user, is on a list; the other colour is negative.
const USER: i32 = 2;
/// A domain is.
const DOMAIN: i32 = 3;
/// A display name is.
const NAME: i32 = 4;
/// Something looks like SQL, or cannot be read.
const REFUSED: i32 = -1;

/// What the parts of an address count as.
struct Parts {
    user: Check,
    domain: Check,
    /// Contacts have none that is looked at.
    name: Option<Check>,
}

const FROM: Parts = Parts {
    user: Check::FromUser,
    domain: Check::FromDomain,
    name: Some(Check::FromName),
};
const TO: Parts = Parts {
    user: Check::ToUser,
    domain: Check::ToDomain,
    name: Some(Check::ToName),
};
const CONTACT: Parts = Parts {
    user: Check::ContactUser,
    domain: Check::ContactDomain,
    name: None,
};

impl SecFilter {
    pub(super) fn check_ip(&self, context: &mut Context) -> i32 {
        let source = context.flow.peer.ip().to_string();
        self.check_value(Kind::Ip, Check::Ip, source.as_bytes())
    }

    pub(super) fn check_ua(&self, context: &mut Context) -> i32 {
        let agent = context.message.header(HeaderId::UserAgent);
        match agent {
            Some(header) => self.check_value(Kind::UserAgent, Check::UserAgent, header.value),
            None => UNKNOWN,
        }
    }

    pub(super) fn check_country(&self, context: &mut Context, country: &Text) -> i32 {
        let country = country.get(context);
        self.check_value(Kind::Country, Check::Country, &country)
    }

    pub(super) fn check_dst(&self, context: &mut Context, number: &Text) -> i32 {
        let number = number.get(context);
        if self.lists().blocks_destination(&number, self.dst_exact) {
            self.counts.destination();
            return -USER;
        }
        UNKNOWN
    }

    pub(super) fn check_from(&self, context: &mut Context) -> i32 {
        self.check_address(context.message.from(), &FROM)
    }

    pub(super) fn check_to(&self, context: &mut Context) -> i32 {
        self.check_address(context.message.to(), &TO)
    }

    /// Of several contacts the one that is refused decides, users before domains.
    pub(super) fn check_contact(&self, context: &mut Context) -> i32 {
        let (mut refused, mut allowed) = (None::<i32>, None::<i32>);
        for contact in context.message.contacts() {
            let code = match contact {
                Ok(ContactValue::Star) => UNKNOWN,
                Ok(ContactValue::Addr(address)) => self.check_address(Ok(address), &CONTACT),
                Err(error) => self.check_address(Err(error), &CONTACT),
            };
            match code {
                UNKNOWN => {}
                negative if negative < 0 => refused = refused.max(Some(negative)),
                positive => allowed = allowed.or(Some(positive)),
            }
        }
        refused.or(allowed).unwrap_or(UNKNOWN)
    }

    pub(super) fn check_sqli(&self, context: &mut Context, text: &Text) -> i32 {
        if !looks_like_sql(&text.get(context)) {
            return UNKNOWN;
        }
        self.counts.injection();
        REFUSED
    }

    /// Ends the script where something is found.
    pub(super) fn check_sqli_all(&self, context: &mut Context) -> Outcome {
        let message = context.message.clone();
        let Some(found) = suspicious(&message) else {
            return Outcome::TRUE;
        };
        self.counts.injection();
        context.log(Level::Info, "secfilter", || {
            let text = String::from_utf8_lossy(found.text);
            format!("Possible SQL injection found in {} ({text})", found.part)
        });
        Outcome::Exit
    }

    fn check_value(&self, kind: Kind, check: Check, value: &[u8]) -> i32 {
        match self.colour_of(&self.lists(), kind, check, value) {
            Some(Colour::White) => USER,
            Some(Colour::Black) => -USER,
            None => UNKNOWN,
        }
    }

    fn colour_of(&self, lists: &Lists, kind: Kind, check: Check, value: &[u8]) -> Option<Colour> {
        if value.is_empty() {
            return None;
        }
        let colours = [Colour::White, Colour::Black];
        let mut on = colours
            .into_iter()
            .filter(|colour| lists.has_prefix_of(kind, *colour, value));
        let found = on.next();
        if let Some(colour) = found {
            self.counts.found(check, colour);
        }
        found
    }

    /// White name, white user, black name, black user, then the domain: the order of Kamailio.
    fn check_address(&self, address: Result<NameAddr<'_>, HeaderError>, parts: &Parts) -> i32 {
        let Ok(address) = address else {
            return REFUSED;
        };
        let Ok(uri) = address.parse_uri() else {
            return REFUSED;
        };
        let lists = self.lists();
        let user = uri.user.unwrap_or_default();
        let on =
            |text: &[u8], colour| !text.is_empty() && lists.has_prefix_of(Kind::User, colour, text);
        for colour in [Colour::White, Colour::Black] {
            let sign = if colour == Colour::White { 1 } else { -1 };
            if let Some(check) = parts.name
                && on(address.display_unquoted(), colour)
            {
                self.counts.found(check, colour);
                return sign * NAME;
            }
            if on(user, colour) {
                self.counts.found(parts.user, colour);
                return sign * USER;
            }
        }
        match self.colour_of(&lists, Kind::Domain, parts.domain, uri.host) {
            Some(Colour::White) => DOMAIN,
            Some(Colour::Black) => -DOMAIN,
            None => UNKNOWN,
        }
    }
}

//! The script functions of module `auth`.

use super::challenge::{Ask, Kind};
use super::password::PasswordCheck;
use super::{Auth, codes};
use bytes::Bytes;
use policy::{Authenticated, Context, Effect, Int, Level, Outcome, Reply, ReplyHow, Text, Var};
use sip::digest::Credentials;
use sip::{HeaderId, Message, Method};

/// Of the flags of a challenge: say nothing where it fails.
const NO_REPLY: i64 = 4;

impl Auth {
    pub(super) fn www_challenge(
        &self,
        context: &mut Context,
        realm: &Text,
        flags: &Int,
    ) -> Outcome {
        self.send_challenge(context, Kind::Www, realm, flags)
    }

    pub(super) fn proxy_challenge(
        &self,
        context: &mut Context,
        realm: &Text,
        flags: &Int,
    ) -> Outcome {
        self.send_challenge(context, Kind::Proxy, realm, flags)
    }

    pub(super) fn auth_challenge(
        &self,
        context: &mut Context,
        realm: &Text,
        flags: &Int,
    ) -> Outcome {
        let kind = if is_register(context) {
            Kind::Www
        } else {
            Kind::Proxy
        };
        self.send_challenge(context, kind, realm, flags)
    }

    fn send_challenge(
        &self,
        context: &mut Context,
        kind: Kind,
        realm: &Text,
        flags: &Int,
    ) -> Outcome {
        if context.message.method() == Method::Ack {
            return Outcome::Code(-3);
        }
        let realm = realm.get(context);
        let flags = flags.get(context);
        let (Some(flags), true) = (flags, is_realm(&realm)) else {
            context.log(Level::Err, "auth", || match flags {
                None => "invalid flags value".to_owned(),
                Some(_) => "invalid realm value".to_owned(),
            });
            return self.failed(flags.unwrap_or(0));
        };
        let ask = Ask::from_challenge_flags(flags);
        let lines = self.digest.challenge(context, kind, &realm, ask);
        context.append_to_reply(lines);
        let (code, reason) = kind.reply();
        self.reply(code, reason, codes::OK)
    }

    /// The script's mistake: 500, as an unanswered request would come again and again.
    fn failed(&self, flags: i64) -> Outcome {
        if flags & NO_REPLY != 0 {
            return Outcome::FALSE;
        }
        self.reply(500, "Internal Server Error", codes::ERROR)
    }

    fn reply(&self, code: u16, reason: &'static str, done: i32) -> Outcome {
        let how = match self.digest.params.stateless {
            true => ReplyHow::Stateless,
            false => ReplyHow::Auto,
        };
        let reason = Bytes::from_static(reason.as_bytes());
        let reply = Reply { code, reason, how };
        Outcome::ask_then(Effect::Reply(reply), move |_, answer| {
            Outcome::Code(if answer.code() > 0 {
                done
            } else {
                codes::ERROR
            })
        })
    }

    pub(super) fn write_challenge(
        &self,
        context: &mut Context,
        realm: &Text,
        flags: &Int,
        to: &Var,
    ) -> bool {
        let realm = realm.get(context);
        let Some(flags) = flags.get(context).filter(|_| is_realm(&realm)) else {
            context.log(Level::Err, "auth", || {
                "invalid realm or flags value".to_owned()
            });
            return false;
        };
        let ask = Ask::from_challenge_flags(flags);
        let text = self.digest.challenge_text(context, Kind::Www, &realm, ask);
        to.set(context, text)
    }

    pub(super) fn pv_www_authenticate(
        &self,
        context: &mut Context,
        realm: &Text,
        passwd: &Text,
        flags: &Int,
        method: &Option<Text>,
    ) -> Outcome {
        let method = method.as_ref().map(|method| method.get(context));
        self.authenticate(context, Kind::Www, (realm, passwd, flags), method, 0)
    }

    pub(super) fn pv_proxy_authenticate(
        &self,
        context: &mut Context,
        realm: &Text,
        passwd: &Text,
        flags: &Int,
    ) -> Outcome {
        self.authenticate(context, Kind::Proxy, (realm, passwd, flags), None, 0)
    }

    pub(super) fn pv_auth_check(
        &self,
        context: &mut Context,
        realm: &Text,
        passwd: &Text,
        flags: &Int,
        checks: &Int,
    ) -> Outcome {
        let is_register = is_register(context);
        let kind = if is_register { Kind::Www } else { Kind::Proxy };
        let checks = checks.get_or_0(context);
        self.authenticate(context, kind, (realm, passwd, flags), None, checks)
    }

    fn authenticate(
        &self,
        context: &mut Context,
        kind: Kind,
        (realm, passwd, flags): (&Text, &Text, &Int),
        method: Option<Bytes>,
        checks: i64,
    ) -> Outcome {
        let (realm, passwd) = (realm.get(context), passwd.get(context));
        let Some(flags) = flags
            .get(context)
            .filter(|_| !realm.is_empty() && !passwd.is_empty())
        else {
            context.log(Level::Err, "auth", || {
                "invalid realm, password or flags value".to_owned()
            });
            return Outcome::Code(codes::ERROR);
        };
        let check = PasswordCheck {
            digest: self.digest.clone(),
            kind,
            realm,
            passwd,
            flags,
            checks,
        };
        check.start(context, method)
    }

    pub(super) fn consume_credentials(&self, context: &mut Context) -> bool {
        let line = context
            .extension::<Authenticated>()
            .and_then(|known| known.line);
        match line {
            Some(line) => context.edits.remove(line),
            None => context.log(Level::Err, "auth", || {
                "No authorized credentials found (error in scripts)".to_owned()
            }),
        }
        line.is_some()
    }

    pub(super) fn has_credentials(&self, context: &mut Context, realm: &Text) -> bool {
        let realm = realm.get(context);
        let realm = self.digest.bare_realm(&realm);
        let headers = [HeaderId::Authorization, HeaderId::ProxyAuthorization];
        headers
            .iter()
            .any(|header| credentials_for(&context.message, *header, realm).is_some())
    }
}

fn is_register(context: &Context) -> bool {
    context.message.method() == Method::Register
}

pub(super) fn credentials_of(kind: Kind) -> HeaderId {
    match kind {
        Kind::Www => HeaderId::Authorization,
        Kind::Proxy => HeaderId::ProxyAuthorization,
    }
}

fn credentials_for<'a>(
    message: &'a Message,
    header: HeaderId,
    realm: &[u8],
) -> Option<Credentials<'a>> {
    let mut all = message.credentials(header).map_while(Result::ok);
    all.find(|credentials| credentials.realm == realm)
}

/// A realm stands in quotes, and comes back as it was sent: nothing that would need an escape.
pub(super) fn is_realm(realm: &[u8]) -> bool {
    let clean = |byte: &u8| *byte >= b' ' && !matches!(byte, b'"' | b'\\' | 0x7f);
    !realm.is_empty() && realm.iter().all(clean)
}

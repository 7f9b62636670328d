//! The first argument: whose group is asked for.

use bytes::Bytes;
use policy::{Argument, Authenticated, Context, Prepare, Problem, Text, Written};
use sip::{HeaderError, NameAddr, Uri};

/// Where the URI stands.
pub(super) enum Who {
    RequestUri,
    To,
    From,
    /// The user name of credentials that were verified.
    Credentials,
    /// A variable that holds a URI.
    Variable(Text),
}

/// A user with the domain.
pub(super) struct Found {
    pub(super) user: Bytes,
    pub(super) domain: Bytes,
}

impl Found {
    /// What regular expressions are matched with: no parameters, no port.
    pub(super) fn uri(&self) -> Vec<u8> {
        [b"sip:", self.user.as_ref(), b"@", self.domain.as_ref()].concat()
    }

    fn of(uri: &Uri<'_>) -> Found {
        Found {
            user: Bytes::copy_from_slice(uri.user.unwrap_or_default()),
            domain: Bytes::copy_from_slice(uri.host),
        }
    }
}

impl Who {
    /// The user it names now, or a sentence about what is missing. A URI without a user part names
    /// the empty one.
    pub(super) fn find(&self, context: &mut Context) -> Result<Found, &'static str> {
        match self {
            Who::RequestUri => parsed(&context.target.uri.clone()),
            Who::To => of_header(context.message.to()),
            Who::From => of_header(context.message.from()),
            Who::Credentials => verified(context),
            Who::Variable(text) => match text.get(context) {
                empty if empty.is_empty() => Err("no AVP found (error in scripts)"),
                uri => parsed(&uri),
            },
        }
    }
}

fn parsed(uri: &[u8]) -> Result<Found, &'static str> {
    Uri::parse(uri)
        .map(|uri| Found::of(&uri))
        .map_err(|_| "failed to parse URI")
}

fn of_header(address: Result<NameAddr<'_>, HeaderError>) -> Result<Found, &'static str> {
    let uri = address.ok().and_then(|address| address.parse_uri().ok());
    uri.map(|uri| Found::of(&uri)).ok_or("failed to parse URI")
}

fn verified(context: &Context) -> Result<Found, &'static str> {
    let claim = context
        .extension::<Authenticated>()
        .and_then(|known| known.verified.as_ref())
        .ok_or("no authorized credentials found (error in script)")?;
    Ok(Found {
        user: claim.user(),
        domain: claim.domain(),
    })
}

impl Argument for Who {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Who, Problem> {
        let text = Text::prepare(written, prepare)?;
        let Some(literal) = text.as_literal() else {
            return Ok(Who::Variable(text));
        };
        match literal.to_ascii_lowercase().as_slice() {
            b"request-uri" => Ok(Who::RequestUri),
            b"to" => Ok(Who::To),
            b"from" => Ok(Who::From),
            b"credentials" => Ok(Who::Credentials),
            _ => Err(prepare
                .problem("expected Request-URI, To, From, Credentials or a variable with a URI")),
        }
    }
}

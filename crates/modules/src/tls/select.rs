//! `@tls.…`: the same as the variables, by a path.

use super::field::{self, Field, PARTS, optional};
use policy::{Context, Prepare, Problem, TlsCertificate, TlsConnection, TlsName, Var};
use script::{SelectSpec, Value};

/// Prepares `@tls.…`; none where it is no such select.
pub(super) fn prepare(spec: &SelectSpec, _: &mut Prepare<'_>) -> Option<Result<Var, Problem>> {
    let names: Vec<String> = spec.parts.iter().map(|part| plain(&part.name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names.as_slice() {
        ["tls", path @ ..] => Some(Ok(resolve(path)?)),
        _ => None,
    }
}

/// Names are written in several ways: `not_before`, `notBefore`.
fn plain(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name).to_ascii_lowercase();
    text.replace('_', "")
}

fn resolve(path: &[&str]) -> Option<Var> {
    let (side, rest) = path.split_first()?;
    let is_peer = match *side {
        "peer" => true,
        "my" => false,
        _ => return of_connection(path).map(reader),
    };
    if let ["subject" | "issuer", ..] = rest {
        return of_name(rest, is_peer);
    }
    if let (true, Some(read)) = (is_peer, verdict(rest)) {
        return Some(reader(Field::Connection(read)));
    }
    let read = of_certificate(rest)?;
    Some(reader(match is_peer {
        true => Field::Peer(read),
        false => Field::Own(read),
    }))
}

fn reader(field: Field) -> Var {
    Var::read_only(move |context: &mut Context| field.of(context))
}

fn of_connection(path: &[&str]) -> Option<Field> {
    Some(Field::Connection(match path {
        ["version"] => field::version,
        ["desc" | "description"] => field::description,
        ["cipher"] => field::cipher,
        ["cipher", "bits"] => field::cipher_bits,
        ["servername"] => field::server_name,
        _ => return None,
    }))
}

fn verdict(path: &[&str]) -> Option<fn(&TlsConnection) -> Value> {
    Some(match path {
        ["verified"] => field::is_verified,
        ["revoked"] => field::is_revoked,
        ["expired"] => field::is_expired,
        ["selfsigned"] => field::is_self_signed,
        ["servername"] => field::server_name,
        _ => return None,
    })
}

fn of_certificate(path: &[&str]) -> Option<fn(&TlsCertificate) -> Value> {
    Some(match path {
        ["version"] => field::certificate_version,
        ["sn" | "serial" | "serialnumber"] => field::serial,
        ["notbefore"] => field::not_before,
        ["notafter"] => field::not_after,
        ["email" | "emailaddress"] => field::alternative::email,
        ["host" | "hostname" | "dns"] => field::alternative::host,
        ["uri" | "url"] => field::alternative::uri,
        ["ip" | "ipaddress"] => field::alternative::ip,
        ["rawcert"] => field::pem,
        ["urlencodedcert"] => field::pem_for_urls,
        _ => return None,
    })
}

/// A part of the subject or the issuer; the whole of it is null, as the variable is.
fn of_name(path: &[&str], is_peer: bool) -> Option<Var> {
    let (owner, part) = match path {
        [_] => return Some(Var::null()),
        [owner, part] => (*owner, part_of(part)?),
        _ => return None,
    };
    let of_subject = owner == "subject";
    let read = PARTS.iter().find(|(name, _)| *name == part)?.1;
    Some(Var::read_only(move |context: &mut Context| {
        let tls = field::connection(context);
        let certificate = tls.as_ref().and_then(|tls| match is_peer {
            true => tls.peer.as_ref(),
            false => tls.own.as_ref(),
        });
        let name = |of: &TlsCertificate| -> TlsName {
            match of_subject {
                true => of.subject.clone(),
                false => of.issuer.clone(),
            }
        };
        optional(certificate.map(name).as_ref().and_then(read))
    }))
}

/// The word of [`PARTS`] for one of the ways to write it.
fn part_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "cn" | "commonname" => "cn",
        "l" | "locality" | "localityname" => "locality",
        "c" | "country" | "countryname" => "country",
        "st" | "state" | "stateorprovincename" => "state",
        "o" | "organization" | "organizationname" => "organization",
        "ou" | "unit" | "organizationalunitname" => "unit",
        "uid" | "uniqueidentifier" => "uid",
        _ => return None,
    })
}

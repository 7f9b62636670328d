//! Lines of a play in which an agent says something.

use super::outline::Node;
use super::parse::{dialog, is_status};
use super::step::{Detail, Digest, Form, Says, Send};
use super::target;
use policy::Proto;

pub(super) fn send(who: &str, says: &str, below: &[Node]) -> Result<Send, String> {
    let mut form = Form::default();
    for node in below {
        detail(&mut form, &node.text).map_err(|wrong| format!("{}: {wrong}", node.line))?;
    }
    Ok(Send {
        who: dialog(who),
        says: said(says)?,
        form,
    })
}

fn said(text: &str) -> Result<Says, String> {
    let (text, digest) = match text.split_once(" with digest ") {
        Some((text, login)) => (text.trim(), Some(login_of(login)?)),
        None => (text, None),
    };
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    Ok(match (first, rest) {
        ("again", _) => Says::Again(None),
        (word, "again") => Says::Again(Some(word.to_owned())),
        ("file", path) => Says::File(path.to_owned()),
        ("raw", _) => Says::Raw,
        (code, phrase) if is_status(code) => {
            let (phrase, to) = match phrase.strip_prefix("for ") {
                Some(method) => ("", Some(method)),
                None => match phrase.split_once(" for ") {
                    Some((phrase, method)) => (phrase, Some(method)),
                    None => (phrase, None),
                },
            };
            Says::Reply {
                status: code.parse().unwrap_or_default(),
                phrase: phrase.to_owned(),
                to: to.map(str::to_owned),
            }
        }
        (method, uri) => Says::Request {
            method: method.to_owned(),
            uri: (!uri.is_empty()).then(|| uri.to_owned()),
            digest,
        },
    })
}

fn login_of(login: &str) -> Result<Digest, String> {
    let (user, password) = login
        .split_once(':')
        .ok_or("write `with digest USER:PASSWORD`")?;
    Ok(Digest {
        user: user.to_owned(),
        password: password.to_owned(),
    })
}

fn detail(form: &mut Form, text: &str) -> Result<(), String> {
    if let Some(line) = text.strip_prefix('|') {
        let line = line.strip_prefix(' ').unwrap_or(line);
        form.lines.push(line.to_owned());
        return Ok(());
    }
    if text.contains(" => ") {
        form.captures.push(target::check(text)?);
        return Ok(());
    }
    match text.split_once(' ') {
        None if text == "sdp" => form.sdp = true,
        None if text.starts_with('!') => form.details.push(Detail::Remove(text[1..].to_owned())),
        Some(("to", address)) => form.to = Some(address.trim().to_owned()),
        Some(("by", proto)) => {
            let proto = Proto::parse(proto.trim().as_bytes());
            form.by = Some(proto.ok_or("that is no transport")?);
        }
        Some(("line:", line)) => form.details.push(Detail::FirstLine(line.to_owned())),
        _ => {
            let (name, value) = text
                .split_once(':')
                .ok_or_else(|| format!("`{text}` is no detail"))?;
            let value = value.trim().to_owned();
            form.details.push(match name.strip_prefix('+') {
                Some(name) => Detail::Add(name.to_owned(), value),
                None => Detail::Set(name.to_owned(), value),
            });
        }
    }
    Ok(())
}

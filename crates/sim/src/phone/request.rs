//! Requests: new ones, those of a dialog, ACK and CANCEL.

use super::dialog::SentRequest as Plan;
use super::digest::{Asked, answer};
use super::{Dialog, Draft};
use crate::scenario::{Agent, Digest, Form};
use crate::text::Names;
use policy::Proto;

/// Who writes a request, and with which fresh tokens.
pub(crate) struct Author<'a> {
    pub(crate) agent: &'a Agent,
    /// The transport it goes by.
    pub(crate) proto: Proto,
    /// Random: branch, tag and Call-ID are made of it.
    pub(crate) token: String,
    pub(crate) names: &'a Names,
}

/// Writes a request and notes it in the dialog. Without a URI it goes on with the dialog.
///
/// # Errors
/// A sentence, where there is nothing to go on with.
pub(crate) fn request(
    author: &Author<'_>,
    dialog: &mut Dialog,
    (method, uri): (&str, Option<&str>),
    digest: Option<&Digest>,
    form: &Form,
) -> Result<Vec<u8>, String> {
    let mut plan = match (uri, method) {
        (Some(uri), _) => begin(author, dialog, method, uri),
        (None, "CANCEL") => repeat(dialog, method, "INVITE")?,
        (None, "ACK") => acknowledge(author, dialog)?,
        (None, _) if dialog.established => within(author, dialog, method),
        (None, _) => once_more(author, dialog, method)?,
    };
    plan.form = merged(plan.form, form);
    let mut draft = drafted(author, dialog, &plan);
    if let Some(login) = digest {
        let challenge = dialog.challenge.clone();
        let challenge = challenge.ok_or("nobody has asked for credentials")?;
        dialog.nonce_count += 1;
        let asked = Asked {
            method,
            uri: &plan.uri,
            count: dialog.nonce_count,
            cnonce: &author.token,
        };
        let (name, value) = answer(&challenge, login, &asked)?;
        draft.add(name, value);
    }
    draft.reform(&plan.form, &names(author, dialog))?;
    if method != "ACK" && method != "CANCEL" {
        dialog.sent.push(plan);
    }
    Ok(draft.render())
}

/// Begins something new.
fn begin(author: &Author<'_>, dialog: &mut Dialog, method: &str, uri: &str) -> Plan {
    let record = &author.agent.record;
    let to = if method == "REGISTER" { record } else { uri };
    *dialog = Dialog {
        call_id: format!("{}@{}", author.token, author.agent.name),
        local: format!("<{record}>;tag=f{}", author.token),
        remote: format!("<{to}>"),
        cseq: 1,
        said: std::mem::take(&mut dialog.said),
        ..Dialog::default()
    };
    Plan {
        method: method.to_owned(),
        uri: uri.to_owned(),
        cseq: 1,
        via: via(author),
        to: dialog.remote.clone(),
        routes: Vec::new(),
        form: Form::default(),
    }
}

/// A request of an established dialog.
fn within(author: &Author<'_>, dialog: &mut Dialog, method: &str) -> Plan {
    dialog.cseq += 1;
    Plan {
        method: method.to_owned(),
        uri: dialog.target.clone(),
        cseq: dialog.cseq,
        via: via(author),
        to: dialog.remote.clone(),
        routes: dialog.routes.clone(),
        form: Form::default(),
    }
}

/// The last request again, with the next CSeq.
fn once_more(author: &Author<'_>, dialog: &mut Dialog, method: &str) -> Result<Plan, String> {
    let form = dialog.last_sent(method).map(|sent| sent.form.clone());
    let mut plan = repeat(dialog, method, method)?;
    dialog.cseq += 1;
    plan.cseq = dialog.cseq;
    plan.via = via(author);
    plan.form = form.unwrap_or_default();
    Ok(plan)
}

/// A request with everything of an earlier one but the method: CANCEL, and ACK after a negative
/// reply.
fn repeat(dialog: &Dialog, method: &str, earlier: &str) -> Result<Plan, String> {
    let sent = dialog.last_sent(earlier);
    let sent = sent.ok_or_else(|| format!("no {earlier} was sent that could be followed"))?;
    Ok(Plan {
        method: method.to_owned(),
        uri: sent.uri.clone(),
        cseq: sent.cseq,
        via: sent.via.clone(),
        to: sent.to.clone(),
        routes: sent.routes.clone(),
        form: Form::default(),
    })
}

fn acknowledge(author: &Author<'_>, dialog: &Dialog) -> Result<Plan, String> {
    let reply = dialog.invite_final.as_ref();
    let reply = reply.ok_or("there is no final reply that could be acknowledged")?;
    let mut plan = repeat(dialog, "ACK", "INVITE")?;
    plan.to = reply.value("To").unwrap_or_default().to_owned();
    if reply.status().is_some_and(|status| status < 300) {
        plan.uri = dialog.target.clone();
        plan.via = via(author);
        plan.routes = dialog.routes.clone();
    }
    Ok(plan)
}

fn merged(mut base: Form, own: &Form) -> Form {
    base.details.extend(own.details.iter().cloned());
    base.sdp |= own.sdp;
    if !own.lines.is_empty() {
        base.lines.clone_from(&own.lines);
    }
    base
}

fn drafted(author: &Author<'_>, dialog: &Dialog, plan: &Plan) -> Draft {
    let mut draft = Draft::new(format!("{} {} SIP/2.0", plan.method, plan.uri));
    draft.add("Via", plan.via.clone());
    for route in &plan.routes {
        draft.add("Route", route.clone());
    }
    draft.add("From", dialog.local.clone());
    draft.add("To", plan.to.clone());
    draft.add("Call-ID", dialog.call_id.clone());
    draft.add("CSeq", format!("{} {}", plan.cseq, plan.method));
    draft.add("Max-Forwards", "70");
    if REACHABLE.contains(&plan.method.as_str()) {
        draft.add("Contact", contact(author.agent));
    }
    if !matches!(plan.method.as_str(), "ACK" | "CANCEL") {
        draft.add("User-Agent", "phone");
    }
    draft
}

/// Requests that say where their sender is reached.
const REACHABLE: [&str; 6] = [
    "INVITE",
    "REGISTER",
    "SUBSCRIBE",
    "REFER",
    "UPDATE",
    "NOTIFY",
];

/// A Contact of an agent.
pub(super) fn contact(agent: &Agent) -> String {
    let user = agent.record.split([':', '@']).nth(1).unwrap_or(&agent.name);
    match agent.proto {
        Proto::Udp => format!("<sip:{user}@{}>", agent.address),
        proto => format!("<sip:{user}@{};transport={}>", agent.address, proto.param()),
    }
}

fn via(author: &Author<'_>) -> String {
    format!(
        "SIP/2.0/{} {};rport;branch=z9hG4bK{}",
        author.proto.via_name(),
        author.agent.address,
        author.token
    )
}

fn names(author: &Author<'_>, dialog: &Dialog) -> Names {
    let mut names = author.names.clone();
    names.insert("branch".to_owned(), format!("z9hG4bK{}", author.token));
    names.insert("tag".to_owned(), format!("f{}", author.token));
    names.insert("callid".to_owned(), dialog.call_id.clone());
    names
}

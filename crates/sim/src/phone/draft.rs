//! A message before it is sent.

use crate::scenario::{Detail, Form};
use crate::text::{Names, fill};

/// First line, headers in order, body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Draft {
    pub(crate) fn new(line: String) -> Draft {
        Draft {
            line,
            ..Draft::default()
        }
    }

    /// Adds a header at the end.
    pub(crate) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_owned(), value.into()));
    }

    /// Applies what a play wants otherwise.
    ///
    /// # Errors
    /// A name in braces that nobody knows.
    pub(crate) fn reform(&mut self, form: &Form, names: &Names) -> Result<(), String> {
        for detail in &form.details {
            match detail {
                Detail::FirstLine(line) => self.line = fill(line, names)?,
                Detail::Remove(name) => self.headers.retain(|(known, _)| !same(known, name)),
                Detail::Add(name, value) => {
                    let place = self.after_last(name);
                    self.headers
                        .insert(place, (name.clone(), fill(value, names)?));
                }
                Detail::Set(name, value) => self.set(name, fill(value, names)?),
            }
        }
        self.write_body(form, names)
    }

    /// The octets.
    pub(crate) fn render(&self) -> Vec<u8> {
        let mut out = format!("{}\r\n", self.line);
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{out}\r\n{}", self.body).into_bytes()
    }

    fn set(&mut self, name: &str, value: String) {
        let first = self.headers.iter().position(|(known, _)| same(known, name));
        self.headers.retain(|(known, _)| !same(known, name));
        let place = first.unwrap_or(self.headers.len());
        self.headers.insert(place, (name.to_owned(), value));
    }

    /// Where one more header of a name belongs.
    fn after_last(&self, name: &str) -> usize {
        self.headers
            .iter()
            .rposition(|(known, _)| same(known, name))
            .map_or(self.headers.len(), |last| last + 1)
    }

    fn write_body(&mut self, form: &Form, names: &Names) -> Result<(), String> {
        if form.sdp {
            self.body = SESSION.replace('\n', "\r\n");
        } else if !form.lines.is_empty() {
            let lines = form.lines.iter().map(|line| fill(line, names));
            self.body = lines
                .map(|line| Ok(line? + "\r\n"))
                .collect::<Result<_, String>>()?;
        }
        let says = |name| {
            form.details.iter().any(|detail| match detail {
                Detail::Set(known, _) | Detail::Add(known, _) | Detail::Remove(known) => {
                    same(known, name)
                }
                Detail::FirstLine(_) => false,
            })
        };
        if !self.body.is_empty() && !says("Content-Type") {
            let session = self.body.starts_with("v=0");
            let kind = if session {
                "application/sdp"
            } else {
                "text/plain"
            };
            self.set("Content-Type", kind.to_owned());
        }
        if !says("Content-Length") {
            self.set("Content-Length", self.body.len().to_string());
        }
        Ok(())
    }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// What `sdp` stands for.
const SESSION: &str = "v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio 40000 RTP/AVP 8
a=rtpmap:8 PCMA/8000
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_change_the_template() {
        let mut draft = Draft::new("OPTIONS sip:a SIP/2.0".into());
        for (name, value) in [("Via", "v"), ("From", "f"), ("Contact", "c")] {
            draft.add(name, value);
        }
        let form = Form {
            details: vec![
                Detail::Add("Via".into(), "w".into()),
                Detail::Set("from".into(), "{x}".into()),
                Detail::Remove("Contact".into()),
                Detail::Set("Subject".into(), "s".into()),
            ],
            lines: vec!["hi".into()],
            ..Form::default()
        };
        let names = Names::from([("x".into(), "y".into())]);
        draft.reform(&form, &names).expect("known names");
        assert_eq!(
            String::from_utf8_lossy(&draft.render()),
            "OPTIONS sip:a SIP/2.0\r\nVia: v\r\nVia: w\r\nfrom: y\r\nSubject: s\r\n\
             Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nhi\r\n"
        );
    }
}

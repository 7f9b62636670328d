//! Log lines as JSON (`--log-engine=json:FLAGS`), with the fields that Kamailio 5.6 was seen to write.
//!
//! A line of this program names no place in C sources: `file` and `function` are empty, `line` and `idx` 0.

use crate::addresses::host_name;
use policy::Record;
use serde_json::{Map, Value as Json, json};

/// What the flags after `json:` ask for; letters that mean nothing are ignored, as in Kamailio.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    /// `a`: names begin with `kamailio.`.
    prefixed: bool,
    /// `c`: the Call-ID.
    call_id: bool,
    /// `j`: prefix and message are objects.
    objects: bool,
    /// `M`: no line end in the message.
    trimmed: bool,
    /// `N`: no line end after the document.
    endless: bool,
    /// `p`: the prefix is a row of fields, after a comma.
    fields: bool,
    /// `U`: the fields of Common Event Expression.
    cee: bool,
}

impl Engine {
    /// Reads `json` or `json:FLAGS`; none for engines that are unknown, which change nothing.
    pub(crate) fn parse(text: &str) -> Option<Engine> {
        let (name, flags) = text.split_once(':').unwrap_or((text, ""));
        let has = |flag| flags.contains(flag);
        (name == "json").then(|| Engine {
            prefixed: has('a'),
            call_id: has('c'),
            objects: has('j'),
            trimmed: has('M'),
            endless: has('N'),
            fields: has('p'),
            cee: has('U'),
        })
    }

    pub(super) fn wants_call_id(&self) -> bool {
        self.call_id
    }

    /// What follows a document.
    pub(super) fn end(&self) -> &'static str {
        if self.endless { "" } else { "\n" }
    }

    /// The document of a line.
    pub(super) fn line(&self, record: &Record) -> String {
        if self.cee {
            return self.event(record);
        }
        let mut fields = self.place(record);
        if self.call_id {
            fields.push((
                "callid",
                json!(record.call_id.as_deref().unwrap_or_default()),
            ));
        }
        let own = self.own_fields(&record.prefix);
        if own.is_none() {
            fields.push(("logprefix", self.value(&record.prefix)));
        }
        let mut texts: Vec<String> = fields.iter().map(|field| self.field(field)).collect();
        let more = own.into_iter().flatten();
        texts.extend(more.map(|(name, value)| format!("{}: {value}", Json::from(name))));
        texts.push(self.field(&("message", self.value(&self.message(record)))));
        format!("{{ {} }}", texts.join(", "))
    }

    fn place(&self, record: &Record) -> Vec<(&'static str, Json)> {
        vec![
            ("idx", json!(0)),
            ("pid", json!(std::process::id())),
            ("level", json!(record.level.word())),
            ("module", json!(module(record.source))),
            ("file", json!("")),
            ("line", json!(0)),
            ("function", json!("")),
        ]
    }

    fn field(&self, (name, value): &(&str, Json)) -> String {
        let prefix = if self.prefixed { "kamailio." } else { "" };
        format!("\"{prefix}{name}\": {value}")
    }

    /// With `p`: the fields that the prefix consists of, none where it is a plain text.
    fn own_fields(&self, prefix: &str) -> Option<Map<String, Json>> {
        if !self.fields {
            return None;
        }
        if prefix.is_empty() {
            return Some(Map::new());
        }
        let fields = prefix.strip_prefix(',')?;
        serde_json::from_str(&format!("{{{fields}}}")).ok()
    }

    /// A text, or with `j` an object: the text itself where it is one.
    fn value(&self, text: &str) -> Json {
        if !self.objects {
            return json!(text);
        }
        let object = serde_json::from_str(text).ok();
        object
            .filter(Json::is_object)
            .unwrap_or_else(|| json!({ "text": text }))
    }

    fn message(&self, record: &Record) -> String {
        let is_object = self.objects && record.text.starts_with('{');
        let end = if self.trimmed || is_object { "" } else { "\n" };
        format!("{}{end}", record.text)
    }

    fn event(&self, record: &Record) -> String {
        let pid = std::process::id();
        json!({
            "time": jiff::Timestamp::now().to_string(),
            "proc": {"id": pid.to_string(), "tid": pid},
            "pri": record.level.word(),
            "subsys": module(record.source),
            "file": {"name": "", "line": 0},
            "native": {"function": ""},
            "msg": self.message(record),
            "pname": "ringwall",
            "appname": "ringwall",
            "hostname": host_name().unwrap_or_default(),
        })
        .to_string()
    }
}

/// Lines of the script come from module `xlog`.
fn module(source: &str) -> &str {
    match source {
        "" | "<script>" => "xlog",
        module => module,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Level;

    fn line(engine: &str, prefix: &str, text: &str) -> String {
        let engine = Engine::parse(engine).expect("an engine");
        let line = engine.line(&Record {
            level: Level::Notice,
            source: "<script>",
            prefix: prefix.to_owned(),
            text: text.to_owned(),
            facility: None,
            call_id: Some("c1".to_owned()),
        });
        line.replace(&format!(": {}", std::process::id()), ": PID")
    }

    const START: &str = r#"{ "idx": 0, "pid": PID, "level": "NOTICE", "module": "xlog", "file": "", "line": 0, "function": "", "#;

    #[test]
    fn lines_have_kamailios_fields() {
        for (engine, prefix, text, expected) in [
            (
                "json",
                "p ",
                "a \"b\"",
                r#""logprefix": "p ", "message": "a \"b\"\n" }"#,
            ),
            ("json:M", "", "a", r#""logprefix": "", "message": "a" }"#),
            (
                "json:cM",
                "",
                "a",
                r#""callid": "c1", "logprefix": "", "message": "a" }"#,
            ),
            ("json:pM", "", "a", r#""message": "a" }"#),
            ("json:pM", ", \"k\": 1", "a", r#""k": 1, "message": "a" }"#),
            (
                "json:pM",
                ", no json",
                "a",
                r#""logprefix": ", no json", "message": "a" }"#,
            ),
            (
                "json:j",
                "x",
                "{\"m\":1}",
                r#""logprefix": {"text":"x"}, "message": {"m":1} }"#,
            ),
        ] {
            assert_eq!(
                line(engine, prefix, text),
                format!("{START}{expected}"),
                "{engine}"
            );
        }
        assert!(line("json:a", "", "a").contains("\"kamailio.module\": \"xlog\""));
    }

    #[test]
    fn every_document_is_json() {
        for engine in ["json", "json:acjMNp", "json:U"] {
            let text = line(engine, ", \"", "{\"a\"}\u{1}\n\\");
            let text = text.replace("PID", "1");
            assert!(serde_json::from_str::<Json>(&text).is_ok(), "{text}");
        }
        assert!(Engine::parse("nope:M").is_none());
    }
}

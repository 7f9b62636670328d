//! Settings that are wrong wherever they stand.

mod bound;
mod headers;
mod hiding;
mod ini;
mod secrets;
mod tls;

pub(crate) use bound::is_http_public;
pub use hiding::{is_known_url as is_known_database_url, is_printed as is_printed_mask_key};

use crate::Surroundings;
use script::ast::{Item, ParamValue};
use script::{Diagnostic, Parsed, Script, Span};
use std::borrow::Cow;

/// The findings in settings.
pub(crate) fn find(parsed: &mut Parsed, surroundings: &dyn Surroundings) -> Vec<Diagnostic> {
    let Parsed {
        script, sources, ..
    } = parsed;
    let settings = Settings::of(script);
    let mut findings = Vec::new();
    hiding::find(&settings, &mut findings);
    headers::find(&settings, &mut findings);
    bound::find(&settings, &mut findings);
    tls::find(&settings, &mut findings);
    secrets::passwords(&settings, &mut findings);
    secrets::readable(&settings, sources, surroundings, &mut findings);
    ini::find(&settings, sources, surroundings, &mut findings);
    findings
}

/// The parameters of a script.
pub(crate) struct Settings<'a> {
    script: &'a Script,
}

/// A parameter as it is set.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    /// The name of the parameter.
    pub(crate) name: &'a str,
    /// Its value.
    pub(crate) value: &'a ParamValue,
    /// Where the value stands.
    pub(crate) span: Span,
}

impl<'a> Setting<'a> {
    /// The value as text; a number too.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        match self.value {
            ParamValue::Int(number) => Cow::Owned(number.to_string()),
            value => value
                .as_text()
                .map_or(Cow::Borrowed(""), |text| String::from_utf8_lossy(text)),
        }
    }

    /// Whether the value says yes; none where it says neither.
    pub(crate) fn is_on(&self) -> Option<bool> {
        match self.value.as_int() {
            Some(number) => Some(number != 0),
            None => word(&self.text()),
        }
    }
}

/// Yes or no as a word.
pub(crate) fn word(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" | "1" | "enable" => Some(true),
        "no" | "off" | "false" | "0" | "disable" => Some(false),
        _ => None,
    }
}

impl<'a> Settings<'a> {
    /// The settings of `script`.
    pub(crate) fn of(script: &'a Script) -> Settings<'a> {
        Settings { script }
    }

    /// Every `modparam` for `module`, in order; of all modules where none is named.
    pub(crate) fn of_module(&self, module: Option<&str>) -> impl Iterator<Item = Setting<'a>> {
        let params = self.script.items.iter().filter_map(move |item| match item {
            Item::ModParam(param) => {
                let is_meant = module
                    .is_none_or(|module| param.modules.iter().any(|named| named.text == module));
                param
                    .value
                    .as_ref()
                    .filter(|_| is_meant)
                    .map(|(value, span)| Setting {
                        name: &param.name.text,
                        value,
                        span: *span,
                    })
            }
            _ => None,
        });
        params.collect::<Vec<_>>().into_iter()
    }

    /// The last value of a module's parameter.
    pub(crate) fn param(&self, module: &str, name: &str) -> Option<Setting<'a>> {
        let all = self.of_module(Some(module));
        all.filter(|setting| setting.name == name).last()
    }

    /// Whether a module's parameter is set to something.
    pub(crate) fn has(&self, module: &str, name: &str) -> bool {
        self.param(module, name)
            .is_some_and(|setting| !setting.text().is_empty())
    }

    /// The last value of a core parameter.
    pub(crate) fn core(&self, name: &str) -> Option<Setting<'a>> {
        let found = self.script.items.iter().filter_map(|item| match item {
            Item::Core(param) if param.name.text == name => {
                param.values.first().map(|value| (param, value))
            }
            _ => None,
        });
        found.last().map(|(param, (value, _))| Setting {
            name: &param.name.text,
            value,
            span: param.span,
        })
    }

    /// Where a module is loaded.
    pub(crate) fn loaded(&self, module: &str) -> Option<Span> {
        self.script.items.iter().find_map(|item| match item {
            Item::LoadModule(loaded) if loaded.name() == module => Some(loaded.span),
            _ => None,
        })
    }

    /// Where requests begin, else where the file does.
    pub(crate) fn start(&self) -> Span {
        let route = self.script.items.iter().find_map(|item| match item {
            Item::Route(route) => Some(route.span),
            _ => None,
        });
        route.unwrap_or_default()
    }
}

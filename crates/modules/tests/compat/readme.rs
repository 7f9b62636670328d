//! What Kamailio's READMEs document of the modules that are here is here. Debian's package has them; where
//! it is not installed there is nothing to compare.

use super::{Here, assert_expected, fits};
use policy::Manifest;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn whatever_the_readmes_document_of_our_modules_is_declared() {
    let here = Here::new();
    let mut missing = BTreeSet::new();
    let mut read = 0;
    for module in &here.modules {
        let Some(readme) = Readme::of(module.name) else {
            continue;
        };
        read += 1;
        for (kind, name) in readme.names() {
            if !has(module, &here, kind, &name) {
                missing.insert(format!("documented {} {}.{name}", kind.text(), module.name));
            }
        }
    }
    if read > 0 {
        assert_expected(&missing, |table| table.starts_with("documented "));
    }
}

/// What a section lists.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Parameter,
    Function,
    Variable,
    Rpc,
    EventRoute,
}

impl Kind {
    /// By the title of the section; sections for developers list functions in C.
    fn of(title: &str) -> Option<Kind> {
        let title = title.to_lowercase();
        let kinds = [
            ("available functions", None),
            ("parameters", Some(Kind::Parameter)),
            ("rpc", Some(Kind::Rpc)),
            ("functions", Some(Kind::Function)),
            ("variables", Some(Kind::Variable)),
            ("event routes", Some(Kind::EventRoute)),
        ];
        let found = kinds.into_iter().find(|(words, _)| title.contains(words));
        found.and_then(|(_, kind)| kind)
    }

    fn text(self) -> &'static str {
        match self {
            Kind::Parameter => "parameter",
            Kind::Function => "function",
            Kind::Variable => "variable",
            Kind::Rpc => "rpc",
            Kind::EventRoute => "event_route",
        }
    }

    /// The name in the title of a subsection, `3.1. htable (str)` without its number.
    fn name(self, title: &str) -> Option<&str> {
        let title = title.trim_start_matches("event_route[");
        let end = |byte: char| byte.is_whitespace() || "(),]".contains(byte);
        let name = title.split(end).next().unwrap_or_default();
        let is_one = match self {
            Kind::Variable => return title.strip_prefix('$').map(class),
            Kind::EventRoute | Kind::Rpc => name.contains([':', '.']),
            Kind::Parameter | Kind::Function => !name.is_empty(),
        };
        is_one.then_some(name)
    }
}

/// What stands of a variable before any bracket.
fn class(text: &str) -> &str {
    let is_part = |byte: char| byte.is_alphanumeric() || byte == '_';
    text.split(|byte| !is_part(byte)).next().unwrap_or_default()
}

/// The text of a README.
struct Readme(String);

impl Readme {
    fn of(module: &str) -> Option<Readme> {
        let path = PathBuf::from(format!(
            "/usr/share/doc/kamailio/modules/README.{module}.gz"
        ));
        let unpacked = path
            .exists()
            .then(|| Command::new("zcat").arg(path).output());
        let text = unpacked?.expect("zcat runs").stdout;
        Some(Readme(String::from_utf8_lossy(&text).into_owned()))
    }

    /// Everything that its table of contents lists, and the variables that their section names.
    fn names(&self) -> Vec<(Kind, String)> {
        let mut names = Vec::new();
        let mut section = None;
        for line in self.contents().lines().map(str::trim_start) {
            let Some((number, title)) = line.split_once(". ") else {
                continue;
            };
            match number
                .split('.')
                .map(str::parse::<u32>)
                .collect::<Result<Vec<_>, _>>()
            {
                Ok(numbers) if numbers.len() == 1 => section = Kind::of(title),
                Ok(numbers) if numbers.len() == 2 => {
                    let name = section.and_then(|kind| Some((kind, kind.name(title)?)));
                    names.extend(name.map(|(kind, name)| (kind, name.to_owned())));
                }
                _ => {}
            }
        }
        let variables = self.listed_variables().into_iter();
        names.extend(variables.map(|name| (Kind::Variable, name)));
        names
    }

    fn contents(&self) -> &str {
        self.0.split("List of Examples").next().unwrap_or_default()
    }

    /// `$name` of each line of the section on variables that begins with it, or with a bullet before it.
    fn listed_variables(&self) -> BTreeSet<String> {
        let body = self.0.get(self.contents().len()..).unwrap_or_default();
        let mut is_inside = false;
        let mut names = BTreeSet::new();
        for line in body.lines() {
            if line.starts_with(|first: char| first.is_ascii_digit()) {
                is_inside = line.to_lowercase().contains("variables");
            }
            let item = line.trim_start().trim_start_matches("* ");
            if let (true, Some(name)) = (is_inside, item.strip_prefix('$')) {
                names.insert(class(name).to_owned());
            }
        }
        names
    }
}

fn has(module: &Manifest, here: &Here, kind: Kind, name: &str) -> bool {
    let first_word = |text: &'static str| text.split(' ').next().unwrap_or_default();
    match kind {
        Kind::Parameter => here.has_parameter(module.name, name),
        Kind::Function => module
            .functions
            .iter()
            .any(|usage| usage.name() == name || usage.aliases.contains(&name)),
        Kind::Variable => {
            let mut variables = here.modules.iter().flat_map(|module| &module.variables);
            variables.any(|variable| class(variable.name) == name)
        }
        // Kamailio's kex has commands that the binary has itself.
        Kind::Rpc if module.name == "kex" => true,
        Kind::Rpc => {
            let mut rpcs = here.modules.iter().flat_map(|module| &module.rpcs);
            rpcs.any(|rpc| first_word(rpc.name) == name)
        }
        Kind::EventRoute => {
            let name = name.replace("<table>", "anything");
            let mut routes = module.event_routes.iter();
            routes.any(|route| fits(route.name, &name))
        }
    }
}

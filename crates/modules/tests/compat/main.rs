//! What public configurations use of the modules that are here is here, and what Kamailio's READMEs
//! document: the tables of `tests/compat` and the READMEs against the declarations.
#![allow(
    clippy::disallowed_methods,
    reason = "tables of the repository are read"
)]

mod readme;

use policy::{Manifest, Usage};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/compat/");

/// Lines of a file that are read before any parameter: the loader does them itself.
const STATEMENTS: [&str; 4] = ["alias", "listen", "loadpath", "mpath"];

#[test]
fn whatever_public_files_use_of_our_modules_is_declared() {
    let here = Here::new();
    let mut missing = BTreeSet::new();
    for (table, is_missing) in TABLES {
        let rows = rows(table);
        assert!(rows.len() > 10, "{table} is nearly empty");
        let names = rows.iter().filter(|row| is_missing(&here, row));
        missing.extend(names.map(|row| format!("{table} {}", row["name"])));
    }
    assert_expected(&missing, |table| !table.starts_with("documented "));
}

/// Whether exactly those are missing that `expected.tsv` has in the tables that are meant.
fn assert_expected(missing: &BTreeSet<String>, is_meant: impl Fn(&str) -> bool) {
    let rows = all_rows("expected").into_iter();
    let expected = rows.filter(|row| is_meant(&row["table"])).map(|row| {
        assert!(row["reason"].len() > 20, "{}: why?", row["name"]);
        format!("{} {}", row["table"], row["name"])
    });
    let expected: BTreeSet<String> = expected.collect();
    let surprising: Vec<_> = missing.symmetric_difference(&expected).collect();
    assert!(
        surprising.is_empty(),
        "missing without an entry in tests/compat/expected.tsv, or listed there and present: {surprising:#?}"
    );
}

type Row = BTreeMap<String, String>;

/// Whether what a row names is missing.
type Lacks = fn(&Here, &Row) -> bool;

const TABLES: [(&str, Lacks); 6] = [
    ("functions", Here::lacks_function),
    ("modparams", Here::lacks_parameter),
    ("pvars", Here::lacks_variable),
    ("transformations", Here::lacks_transformation),
    ("coreparams", Here::lacks_core_parameter),
    ("event_routes", Here::lacks_event_route),
];

/// Everything that is declared.
struct Here {
    modules: Vec<Manifest>,
    functions: BTreeMap<&'static str, RangeInclusive<usize>>,
}

impl Here {
    fn new() -> Here {
        let loaded = modules::ALL.iter().map(|entry| (entry.load)().manifest());
        let modules: Vec<Manifest> = loaded.collect();
        let mut functions = BTreeMap::new();
        for usage in modules.iter().flat_map(|module| &module.functions) {
            let names = usage.aliases.iter().copied().chain([usage.name()]);
            functions.extend(names.map(|name| (name, counts(usage))));
        }
        Here { modules, functions }
    }

    fn has(&self, module: &str) -> bool {
        self.modules.iter().any(|here| here.name == module)
    }

    /// True where one of the modules a name may belong to is here.
    fn owns(&self, row: &Row) -> bool {
        row["module"].split(',').any(|module| self.has(module))
    }

    fn lacks_function(&self, row: &Row) -> bool {
        let used = row["arguments:calls"].split(' ').filter_map(|pair| {
            let (arguments, _) = pair.split_once(':')?;
            arguments.parse().ok()
        });
        let taken = self.functions.get(row["name"].as_str());
        self.owns(row)
            && taken.is_none_or(|taken| used.into_iter().any(|n: usize| !taken.contains(&n)))
    }

    fn lacks_parameter(&self, row: &Row) -> bool {
        let (module, name) = row["name"].split_once('.').expect("module.parameter");
        self.has(module) && !self.has_parameter(module, name)
    }

    fn lacks_core_parameter(&self, row: &Row) -> bool {
        let name = row["name"].as_str();
        !STATEMENTS.contains(&name) && !self.has_parameter("core", name)
    }

    fn has_parameter(&self, module: &str, name: &str) -> bool {
        let module = self.modules.iter().filter(|here| here.name == module);
        let mut parameters = module.flat_map(|here| &here.parameters);
        parameters.any(|parameter| parameter.name == name)
    }

    fn lacks_variable(&self, row: &Row) -> bool {
        let variables = self.modules.iter().flat_map(|module| &module.variables);
        let classes = variables.map(|variable| variable.name.split('(').next().unwrap_or_default());
        self.owns(row) && !classes.into_iter().any(|class| class == row["name"])
    }

    fn lacks_transformation(&self, row: &Row) -> bool {
        let here = self
            .modules
            .iter()
            .flat_map(|module| &module.transformations);
        let paths = here.map(|it| it.name.split(',').next().unwrap_or_default());
        self.owns(row) && !paths.into_iter().any(|path| path == row["name"])
    }

    fn lacks_event_route(&self, row: &Row) -> bool {
        let owner = row["name"].split(':').next().unwrap_or_default();
        let mut known = self.modules.iter().flat_map(|module| &module.event_routes);
        self.has(owner) && !known.any(|route| fits(route.name, &row["name"]))
    }
}

/// How many arguments a function takes.
fn counts(usage: &Usage) -> RangeInclusive<usize> {
    let arguments = usage.arguments();
    let required = arguments.iter().filter(|(_, optional)| !optional).count();
    required..=arguments.len()
}

/// True where a name is what is declared; a last part in capitals stands for any.
fn fits(declared: &str, name: &str) -> bool {
    let (front, last) = declared.rsplit_once(':').unwrap_or_default();
    let is_any = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_uppercase());
    declared == name || is_any && name.starts_with(&format!("{front}:"))
}

/// The rows that at least one public file accounts for.
fn rows(table: &str) -> Vec<Row> {
    let rows = all_rows(table).into_iter();
    rows.filter(|row| row["public_files"] != "0").collect()
}

fn all_rows(table: &str) -> Vec<Row> {
    let text = std::fs::read_to_string(format!("{FOLDER}{table}.tsv")).expect("a table");
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().expect("a head").split('\t').collect();
    let row = |line: &str| {
        let columns = head.iter().map(|name| (*name).to_owned());
        columns.zip(line.split('\t').map(str::to_owned)).collect()
    };
    lines.map(row).collect()
}

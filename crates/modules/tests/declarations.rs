//! What every module declares: functions that take what their usage says, names that clash with
//! nobody's, and a word about everything.

use policy::{Loaded, Manifest};
use std::collections::BTreeMap;

#[test]
fn functions_take_what_their_usage_says() {
    let wrong: Vec<&str> = loaded()
        .iter()
        .flat_map(|module| module.inconsistent())
        .collect();
    assert_eq!(wrong, [] as [&str; 0]);
}

#[test]
fn everything_is_described() {
    let silent: Vec<String> = manifests().iter().flat_map(undescribed).collect();
    assert_eq!(silent, [] as [String; 0]);
}

#[test]
fn no_two_modules_declare_the_same_name() {
    let mut owners: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for manifest in manifests() {
        for name in names(&manifest) {
            owners.entry(name).or_default().push(manifest.name);
        }
    }
    owners.retain(|_, modules| modules.len() > 1);
    assert_eq!(owners, BTreeMap::new());
}

#[test]
fn modules_stand_under_their_own_name_and_in_order() {
    let declared: Vec<&str> = manifests().iter().map(|manifest| manifest.name).collect();
    let listed: Vec<&str> = modules::ALL.iter().map(|entry| entry.name).collect();
    assert_eq!(declared, listed);
    assert!(listed.is_sorted());
}

/// What a script or an operator calls by name, with its kind before it.
fn names(manifest: &Manifest) -> Vec<String> {
    let functions = manifest.functions.iter().flat_map(|function| {
        let aliases = function.aliases.iter().copied();
        aliases
            .chain([function.name()])
            .map(|name| format!("{name}()"))
    });
    let parameters = manifest
        .parameters
        .iter()
        .map(|p| format!("{}.{}", manifest.name, p.name));
    let variables = manifest.variables.iter().map(|v| format!("${}", v.name));
    let transformations = manifest
        .transformations
        .iter()
        .map(|t| format!("{{{}}}", t.name));
    let rpcs = manifest.rpcs.iter().map(|rpc| format!("rpc {}", rpc.name));
    functions
        .chain(parameters)
        .chain(variables)
        .chain(transformations)
        .chain(rpcs)
        .collect()
}

fn undescribed(manifest: &Manifest) -> Vec<String> {
    let parameters = manifest.parameters.iter().map(|p| (p.name, p.doc));
    let functions = manifest.functions.iter().map(|f| (f.usage, f.doc));
    let variables = manifest.variables.iter().map(|v| (v.name, v.doc));
    let named = [
        &manifest.transformations,
        &manifest.selects,
        &manifest.event_routes,
        &manifest.rpcs,
        &manifest.tables,
    ];
    let named = named
        .into_iter()
        .flatten()
        .map(|named| (named.name, named.doc));
    parameters
        .chain(functions)
        .chain(variables)
        .chain(named)
        .chain([("the module", manifest.doc)])
        .filter(|(_, doc)| doc.trim().is_empty())
        .map(|(name, _)| format!("{}: {name}", manifest.name))
        .collect()
}

fn manifests() -> Vec<Manifest> {
    loaded().iter().map(|module| module.manifest()).collect()
}

fn loaded() -> Vec<Box<dyn Loaded>> {
    modules::ALL.iter().map(|entry| (entry.load)()).collect()
}

//! Functions that fill, read and empty XAVPs.

use super::Pv;
use super::xavp::Family;
use super::xavp_print::print;
use bytes::{Bytes, BytesMut};
use policy::{Context, Declaration, Int, Routes, Text, Var, XavpValue, Xavps};
use script::Value;
use sip::Params;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    let any = Routes::ANY;
    declaration.function(
        "xavp_params_explode(params, xname)",
        "Makes an XAVP of `a=b;c=d`.",
        any,
        xavp_explode,
    );
    declaration.function(
        "xavu_params_explode(params, xname)",
        "Makes an XAVU of `a=b;c=d`.",
        any,
        xavu_explode,
    );
    declaration.function(
        "xavp_params_implode(xname, pvname)",
        "Writes the fields of an XAVP to a variable as `a=b;c=d;`.",
        any,
        xavp_implode,
    );
    declaration.function(
        "xavu_params_implode(xname, pvname)",
        "Writes the fields of an XAVU to a variable as `a=b;c=d;`.",
        any,
        xavu_implode,
    );
    declaration.function(
        "xavp_slist_explode(list, sep, mode, xname)",
        "Makes fields `v` of the items of a list; mode t trims them.",
        any,
        list_explode,
    );
    declaration.function(
        "xavp_child_seti(rname, cname, ival)",
        "Sets a field to a number.",
        any,
        xavp_set_int,
    );
    declaration.function(
        "xavi_child_seti(rname, cname, ival)",
        "Sets a field to a number.",
        any,
        xavi_set_int,
    );
    declaration.function(
        "xavp_child_sets(rname, cname, sval)",
        "Sets a field to a text.",
        any,
        xavp_set_text,
    );
    declaration.function(
        "xavi_child_sets(rname, cname, sval)",
        "Sets a field to a text.",
        any,
        xavi_set_text,
    );
    declaration.function(
        "xavp_rm(rname)",
        "Removes every XAVP of that name.",
        any,
        xavp_remove,
    );
    declaration.function(
        "xavi_rm(rname)",
        "Removes every XAVI of that name.",
        any,
        xavi_remove,
    );
    declaration.function(
        "xavp_child_rm(rname, cname)",
        "Removes a field.",
        any,
        xavp_child_remove,
    );
    declaration.function(
        "xavi_child_rm(rname, cname)",
        "Removes a field.",
        any,
        xavi_child_remove,
    );
    declaration.function(
        "xavp_copy(source, index, destination, [destination_index])",
        "Copies an XAVP; -1 where there is none.",
        any,
        copy,
    );
    declaration.function(
        "pv_xavp_print()",
        "Writes all XAVPs to the log.",
        any,
        |_: &Pv, c: &mut Context| print(c, Family::Xavp),
    );
    declaration.function(
        "pv_xavu_print()",
        "Writes all XAVUs to the log.",
        any,
        |_: &Pv, c: &mut Context| print(c, Family::Xavu),
    );
    declaration.function(
        "pv_xavi_print()",
        "Writes all XAVIs to the log.",
        any,
        |_: &Pv, c: &mut Context| print(c, Family::Xavi),
    );
}

fn xavp_explode(_: &Pv, context: &mut Context, params: &Text, name: &Text) -> bool {
    explode(context, Family::Xavp, params, name)
}

fn xavu_explode(_: &Pv, context: &mut Context, params: &Text, name: &Text) -> bool {
    explode(context, Family::Xavu, params, name)
}

fn explode(context: &mut Context, family: Family, params: &Text, name: &Text) -> bool {
    let (params, name) = (params.get(context), name.get(context));
    let mut fields = Xavps::default();
    // In order of the text the newest is first, so the first parameter is added last.
    let all: Vec<_> = Params::new(&params).collect();
    for param in all.iter().rev() {
        let value = Value::Str(Bytes::copy_from_slice(param.unquoted()));
        fields.add(Bytes::copy_from_slice(param.name), XavpValue::Plain(value));
    }
    let root = family.root(context);
    if family == Family::Xavu {
        root.remove_all(&name);
    }
    root.add(name, XavpValue::Fields(fields));
    !all.is_empty()
}

fn xavp_implode(_: &Pv, context: &mut Context, name: &Text, out: &Var) -> bool {
    implode(context, Family::Xavp, name, out)
}

fn xavu_implode(_: &Pv, context: &mut Context, name: &Text, out: &Var) -> bool {
    implode(context, Family::Xavu, name, out)
}

fn implode(context: &mut Context, family: Family, name: &Text, out: &Var) -> bool {
    let name = name.get(context);
    let Some(fields) = family.root(context).fields(&name, 0) else {
        return false;
    };
    let mut text = BytesMut::new();
    for (field, value) in fields.iter() {
        if let XavpValue::Plain(value) = value {
            text.extend_from_slice(field);
            text.extend_from_slice(b"=");
            text.extend_from_slice(&value.to_text());
            text.extend_from_slice(b";");
        }
    }
    out.set(context, Value::Str(text.freeze()))
}

fn list_explode(
    _: &Pv,
    context: &mut Context,
    list: &Text,
    separators: &Text,
    mode: &Text,
    name: &Text,
) -> bool {
    let (list, separators) = (list.get(context), separators.get(context));
    let trims = mode.get(context).contains(&b't');
    let name = name.get(context);
    let items = list
        .split(|byte| separators.contains(byte))
        .map(|item| if trims { item.trim_ascii() } else { item });
    let items: Vec<&[u8]> = items.filter(|item| !item.is_empty()).collect();
    let mut fields = Xavps::default();
    for item in items.iter().rev() {
        fields.add(
            Bytes::from_static(b"v"),
            XavpValue::Plain(Value::Str(list.slice_ref(item))),
        );
    }
    Family::Xavp
        .root(context)
        .add(name, XavpValue::Fields(fields));
    !items.is_empty()
}

fn xavp_set_int(_: &Pv, context: &mut Context, root: &Text, child: &Text, value: &Int) -> bool {
    let value = Value::Int(value.get_or_0(context));
    set_child(context, Family::Xavp, root, child, value)
}

fn xavi_set_int(_: &Pv, context: &mut Context, root: &Text, child: &Text, value: &Int) -> bool {
    let value = Value::Int(value.get_or_0(context));
    set_child(context, Family::Xavi, root, child, value)
}

fn xavp_set_text(_: &Pv, context: &mut Context, root: &Text, child: &Text, value: &Text) -> bool {
    let value = Value::Str(value.get(context));
    set_child(context, Family::Xavp, root, child, value)
}

fn xavi_set_text(_: &Pv, context: &mut Context, root: &Text, child: &Text, value: &Text) -> bool {
    let value = Value::Str(value.get(context));
    set_child(context, Family::Xavi, root, child, value)
}

fn set_child(
    context: &mut Context,
    family: Family,
    root: &Text,
    child: &Text,
    value: Value,
) -> bool {
    let (name, field) = names(context, family, root, child);
    let list = family.root(context);
    if list.fields(&name, 0).is_none() {
        list.add(name.clone(), XavpValue::Fields(Xavps::default()));
    }
    if let Some(XavpValue::Fields(fields)) = list.entry_mut(&name, 0) {
        fields.remove_all(&field);
        fields.add(field, XavpValue::Plain(value));
    }
    true
}

fn xavp_remove(_: &Pv, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context);
    Family::Xavp.root(context).remove_all(&name);
    true
}

fn xavi_remove(_: &Pv, context: &mut Context, name: &Text) -> bool {
    let name = name.get(context).to_ascii_lowercase();
    Family::Xavi.root(context).remove_all(&name);
    true
}

fn xavp_child_remove(_: &Pv, context: &mut Context, root: &Text, child: &Text) -> bool {
    remove_child(context, Family::Xavp, root, child)
}

fn xavi_child_remove(_: &Pv, context: &mut Context, root: &Text, child: &Text) -> bool {
    remove_child(context, Family::Xavi, root, child)
}

fn remove_child(context: &mut Context, family: Family, root: &Text, child: &Text) -> bool {
    let (name, field) = names(context, family, root, child);
    if let Some(XavpValue::Fields(fields)) = family.root(context).entry_mut(&name, 0) {
        fields.remove(&field, 0);
    }
    true
}

fn names(context: &mut Context, family: Family, root: &Text, child: &Text) -> (Bytes, Bytes) {
    let (root, child) = (root.get(context), child.get(context));
    match family {
        Family::Xavi => (
            root.to_ascii_lowercase().into(),
            child.to_ascii_lowercase().into(),
        ),
        _ => (root, child),
    }
}

fn copy(
    _: &Pv,
    context: &mut Context,
    source: &Text,
    index: &Int,
    to: &Text,
    at: &Option<Int>,
) -> bool {
    let (source, index) = (source.get(context), index.get_or_0(context));
    let to = to.get(context);
    let at = at.as_ref().map(|at| at.get_or_0(context));
    let list = Family::Xavp.root(context);
    let Some(found) = list.entry(&source, index).cloned() else {
        return false;
    };
    match at {
        None => {
            list.add(to, found);
            true
        }
        Some(at) => list
            .entry_mut(&to, at)
            .map(|entry| *entry = found)
            .is_some(),
    }
}

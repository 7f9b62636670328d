//! The functions with their lines for the manual.

use super::Htable;
use super::matching::Match;
use policy::{Context, Declaration, Routes, Text};

/// Declares what works on tables.
pub(super) fn functions(d: &mut Declaration<Htable>) {
    d.function(
        "sht_print()",
        "Writes every table to the log, at error level.",
        Routes::ANY,
        Htable::print,
    );
    d.function(
        "sht_rm(table, key)",
        "Removes a key: 1.",
        Routes::ANY,
        Htable::remove,
    );
    d.function(
        "sht_rm_name_re(place)",
        "Removes the keys that match, \"table=>expression\": 1.",
        Routes::ANY,
        |module: &Htable, context: &mut Context, place: &Text| {
            module.remove_matching(context, place, Match::fits_key)
        },
    );
    d.function(
        "sht_rm_value_re(place)",
        "Removes the items whose texts match, \"table=>expression\": 1.",
        Routes::ANY,
        |module: &Htable, context: &mut Context, place: &Text| {
            module.remove_matching(context, place, Match::fits_item)
        },
    );
    d.function(
        "sht_rm_name(table, operator, text)",
        "Removes the keys that match (re) or start so (sw): 1.",
        Routes::ANY,
        |module: &Htable, context: &mut Context, table: &Text, operator: &Text, text: &Text| {
            module.remove_by(context, [table, operator, text], Match::fits_key)
        },
    );
    d.function(
        "sht_rm_value(table, operator, text)",
        "Removes the items whose texts match (re) or start so (sw): 1.",
        Routes::ANY,
        |module: &Htable, context: &mut Context, table: &Text, operator: &Text, text: &Text| {
            module.remove_by(context, [table, operator, text], Match::fits_item)
        },
    );
    d.function(
        "sht_setxs(table, key, text, seconds)",
        "Sets a key to a text, with seconds to live: 1.",
        Routes::ANY,
        Htable::set_text,
    );
    d.function(
        "sht_setxi(table, key, number, seconds)",
        "Sets a key to a number, with seconds to live: 1.",
        Routes::ANY,
        Htable::set_number,
    );
    d.function(
        "sht_add(table, key, number, [result])",
        "Adds to a number and puts the sum into result, over all servers that share the table: 1; 2 where Redis is away and the sum is this server's; -1 where there is a text, or no number and no initval.",
        Routes::ANY,
        Htable::add,
    )
    .waits();
    d.function(
        "sht_reset(table)",
        "Removes every item: 1.",
        Routes::ANY,
        Htable::reset,
    );
    d.function(
        "sht_lock(place)",
        "Waits until no other script holds the key, \"table=>key\", and holds it: 1, -1 after five seconds.",
        Routes::ANY,
        Htable::lock,
    )
    .waits();
    d.function(
        "sht_unlock(place)",
        "Lets the key go: 1.",
        Routes::ANY,
        Htable::unlock,
    );
    d.function(
        "sht_match_name(table, operator, text)",
        "1 where a key is equal (eq), is not (ne), matches (re) or starts so (sw), else -1.",
        Routes::ANY,
        |module: &Htable, context: &mut Context, table: &Text, operator: &Text, text: &Text| {
            module.has(context, [table, operator, text], Match::fits_key)
        },
    )
    .alias("sht_has_name");
    d.function(
        "sht_match_str_value(table, operator, text)",
        "The same for values that are text.",
        Routes::ANY,
        |module: &Htable, context: &mut Context, table: &Text, operator: &Text, text: &Text| {
            module.has(context, [table, operator, text], Match::fits_item)
        },
    )
    .alias("sht_has_str_value");
}

/// Declares what works on iterators.
pub(super) fn iterators(d: &mut Declaration<Htable>) {
    d.function(
        "sht_iterator_start(iterator, table)",
        "Opens an iterator before the first item: 1; -1 where four are open.",
        Routes::ANY,
        Htable::iterator_start,
    );
    d.function(
        "sht_iterator_end(iterator)",
        "Closes it: 1.",
        Routes::ANY,
        Htable::iterator_end,
    );
    d.function(
        "sht_iterator_next(iterator)",
        "Goes to the next item: 1, -1 where there is none.",
        Routes::ANY,
        Htable::iterator_next,
    );
    d.function(
        "sht_iterator_rm(iterator)",
        "Removes the item and goes to the next: 1, -2 where there is none.",
        Routes::ANY,
        Htable::iterator_remove,
    );
    d.function(
        "sht_iterator_sets(iterator, text)",
        "Sets the item to a text: 1.",
        Routes::ANY,
        Htable::iterator_set_text,
    );
    d.function(
        "sht_iterator_seti(iterator, number)",
        "Sets the item to a number: 1.",
        Routes::ANY,
        Htable::iterator_set_number,
    );
    d.function(
        "sht_iterator_setex(iterator, seconds)",
        "Gives the item seconds to live: 1.",
        Routes::ANY,
        Htable::iterator_expire,
    );
}

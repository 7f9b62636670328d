//! Parameters, modules, flags: everything on the top level but routes.

use bytes::Bytes;

use super::{Parser, Read, text_of};
use crate::ast::{CoreParameter, Flags, Global, Item, LoadModule, ModParam, Name, ParamValue};
use crate::diagnostic::Diagnostic;
use crate::lex::Punct;
use crate::preprocess::Kind;
use crate::source::Span;
use crate::spec::VarSpec;

/// Whether a word starts an item, for finding the way back after a mistake.
pub(super) fn starts_item(word: &[u8]) -> bool {
    super::route::kind_of(word).is_some()
        || matches!(
            word,
            b"loadmodule" | b"loadmodulex" | b"modparam" | b"modparamx" | b"loadpath" | b"mpath"
        )
}

/// The number that a word for a truth value is.
pub(super) fn truth_word(word: &[u8]) -> Option<i64> {
    match word {
        b"yes" | b"true" | b"on" | b"enable" => Some(1),
        b"no" | b"false" | b"off" | b"disable" => Some(0),
        _ => None,
    }
}

impl Parser<'_> {
    pub(super) fn global(&mut self) -> Read<Item> {
        let word = self.peek().text.clone();
        match word.as_ref() {
            b"loadmodule" => self.load_module(false),
            b"loadmodulex" => self.load_module(true),
            b"loadpath" | b"mpath" => self.module_path(),
            b"modparam" | b"modparamx" => self.mod_param(),
            b"listen" => self.listen(),
            b"alias" => self.alias(),
            b"flags" | b"bool" => self.flags(false),
            b"avpflags" => self.flags(true),
            _ if self.peek_at(1).kind == Kind::Punct(Punct::Dot) => self.custom(),
            _ => self.core(),
        }
    }

    fn load_module(&mut self, extended: bool) -> Read<Item> {
        self.next();
        let enclosed = self.eat(Punct::ParenOpen);
        let Some((path, span)) = self.strings() else {
            let failed = self.expected("the name of a module in quotes");
            return Err(failed);
        };
        let mut options = None;
        if extended && self.eat(Punct::Comma) {
            options = self.strings().map(|(text, _)| text);
        }
        if enclosed {
            self.expect(Punct::ParenClose, "`)`")?;
        }
        Ok(Item::LoadModule(LoadModule {
            path,
            options,
            span,
        }))
    }

    fn module_path(&mut self) -> Read<Item> {
        self.next();
        self.eat(Punct::Assign);
        match self.strings() {
            Some((path, span)) => Ok(Item::ModulePath(path, span)),
            None => Err(self.expected("directories in quotes")),
        }
    }

    fn mod_param(&mut self) -> Read<Item> {
        let start = self.next().span;
        self.expect(Punct::ParenOpen, "`(`")?;
        let Some((modules, modules_span)) = self.strings() else {
            return Err(self.expected("the name of a module in quotes"));
        };
        self.expect(Punct::Comma, "`,`")?;
        let Some((name, name_span)) = self.strings() else {
            return Err(self.expected("the name of a parameter in quotes"));
        };
        let value = if self.eat(Punct::Comma) {
            Some(self.param_value()?)
        } else {
            None
        };
        let end = self.expect(Punct::ParenClose, "`)`")?;
        let modules = text_of(&modules)
            .split('|')
            .map(|name| Name {
                text: name.trim().to_owned(),
                span: modules_span,
            })
            .collect();
        let name = Name {
            text: text_of(&name),
            span: name_span,
        };
        Ok(Item::ModParam(ModParam {
            modules,
            name,
            value,
            span: start.to(end),
        }))
    }

    /// A number with its sign, a string, a truth value, a variable or a bare word.
    pub(super) fn param_value(&mut self) -> Read<(ParamValue, Span)> {
        if let Some((text, span)) = self.strings() {
            return Ok((ParamValue::Str(text), span));
        }
        let first = self.peek();
        match first.kind {
            Kind::Punct(Punct::Minus) => {
                self.at += 1;
                let token = self.peek();
                let Kind::Number(number) = token.kind else {
                    return Err(self.expected("a number"));
                };
                self.at += 1;
                Ok((
                    ParamValue::Int(number.wrapping_neg()),
                    first.span.to(token.span),
                ))
            }
            Kind::Number(number) if !self.continues() => {
                self.at += 1;
                Ok((ParamValue::Int(number), first.span))
            }
            Kind::Variable => {
                self.at += 1;
                let value = self.variable_value(&first.text, first.span)?;
                Ok((value, first.span))
            }
            Kind::Ident | Kind::Number(_) | Kind::Address(_) | Kind::Punct(Punct::Star) => {
                let (word, span) = self.bare_word();
                let truth = truth_word(&word).map(ParamValue::Int);
                Ok((truth.unwrap_or(ParamValue::Word(word)), span))
            }
            _ => Err(self.expected("a value")),
        }
    }

    fn variable_value(&mut self, text: &Bytes, span: Span) -> Read<ParamValue> {
        VarSpec::parse(text)
            .map(|spec| ParamValue::Variable(Box::new(spec)))
            .map_err(|error| {
                self.report(Diagnostic::new("E0205", span, error.what));
                super::Failed
            })
    }

    /// Whether the next but one token belongs to the same word.
    fn continues(&self) -> bool {
        let next = self.peek_at(1);
        next.joined
            && matches!(
                next.kind,
                Kind::Ident
                    | Kind::Number(_)
                    | Kind::Address(_)
                    | Kind::Punct(
                        Punct::Dot | Punct::Minus | Punct::Colon | Punct::Slash | Punct::Percent
                    )
            )
    }

    /// A word with dots, colons, slashes and signs in it, as far as no blank ends it.
    pub(super) fn bare_word(&mut self) -> (Bytes, Span) {
        let mut word = Vec::new();
        let mut span = self.peek().span;
        loop {
            let goes_on = self.continues();
            let token = self.next();
            word.extend_from_slice(&token.text);
            span = span.to(token.span);
            if !goes_on {
                return (Bytes::from(word), span);
            }
        }
    }

    fn custom(&mut self) -> Read<Item> {
        let group = self.name("a group")?;
        self.expect(Punct::Dot, "`.`")?;
        let name = self.name("a name")?;
        self.expect(Punct::Assign, "`=`")?;
        let (value, mut span) = self.param_value()?;
        let mut description = None;
        if self.eat_word("desc") || self.eat_word("descr") || self.eat_word("description") {
            let Some((text, at)) = self.strings() else {
                return Err(self.expected("a description in quotes"));
            };
            description = Some(text);
            span = span.to(at);
        }
        let span = group.span.to(span);
        Ok(Item::Global(Global {
            group,
            name,
            value,
            description,
            span,
        }))
    }

    fn core(&mut self) -> Read<Item> {
        let name = self.name("a parameter")?;
        // Kamailio's grammar takes this one with and without the sign.
        let needs_sign = name.text != "cfgengine";
        if !self.eat(Punct::Assign) && needs_sign {
            return Err(self.expected(&format!("`=` after `{}`", name.text)));
        }
        let mut values = vec![self.param_value()?];
        while self.eat(Punct::Comma) {
            values.push(self.param_value()?);
        }
        let span = values
            .last()
            .map_or(name.span, |(_, span)| name.span.to(*span));
        Ok(Item::Core(CoreParameter { name, values, span }))
    }

    fn flags(&mut self, avp: bool) -> Read<Item> {
        self.next();
        let mut names = Vec::new();
        loop {
            let name = self.name("the name of a flag")?;
            let mut number = None;
            if self.eat(Punct::Colon) {
                let Kind::Number(value) = self.peek().kind else {
                    return Err(self.expected("the number of the flag"));
                };
                self.at += 1;
                number = Some(value);
            }
            names.push((name, number));
            if !self.eat(Punct::Comma) {
                return Ok(Item::Flags(Flags { avp, names }));
            }
        }
    }
}

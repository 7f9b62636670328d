//! Conditions on keywords: `uri == myself`, `src_ip == 10.0.0.0/8`, `proto == WS`.

use std::net::IpAddr;

use super::Lowering;
use super::tree::{fold_binary, match_tree};
use crate::ast::{BinaryOp, Expr as Ast, ExprKind, Keyword, Network, UnaryOp};
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::host::{Site, Test, TestWith, Var, Vocabulary};

impl<V: Vocabulary> Lowering<'_, V> {
    /// The keyword of a comparison and the other side; `myself` may stand on the left.
    pub(super) fn keyword_sides<'b>(
        op: BinaryOp,
        left: &'b Ast,
        right: &'b Ast,
    ) -> Option<(Keyword, &'b Ast)> {
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            return None;
        }
        match (&left.kind, &right.kind) {
            (ExprKind::Keyword(keyword), _) => Some((*keyword, right)),
            (ExprKind::Myself, ExprKind::Keyword(keyword)) => Some((*keyword, left)),
            _ => None,
        }
    }

    pub(super) fn keyword_tree(
        &mut self,
        keyword: Keyword,
        op: BinaryOp,
        other: &Ast,
        site: Site,
    ) -> Option<Expr<Var<V>>> {
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::Unequal);
        let of_address = matches!(
            keyword,
            Keyword::SrcIp | Keyword::DstIp | Keyword::SndIp | Keyword::ToIp
        );
        match &other.kind {
            ExprKind::Myself if equality => self.test(keyword, op, TestWith::Myself, site),
            ExprKind::Address(network) if equality => {
                self.test(keyword, op, TestWith::Network(*network), site)
            }
            ExprKind::Str(text) | ExprKind::Word(text) if equality && of_address => {
                let with = network(text).map_or(TestWith::Host(text), TestWith::Network);
                self.test(keyword, op, with, site)
            }
            ExprKind::Word(word) => self.word_tree(keyword, op, word, other, site),
            _ => {
                let found = self.vocabulary.keyword(keyword, site);
                let read = self.ask(found, site).map(Expr::Variable);
                if let (BinaryOp::Match | BinaryOp::Mismatch, ExprKind::Str(pattern)) =
                    (op, &other.kind)
                {
                    let regex = self.regex(pattern, other.span)?;
                    return Some(match_tree(op, read?, regex));
                }
                let value = self.tree(other);
                Some(self.compare(keyword, op, read?, value?))
            }
        }
    }

    /// Text is compared without regard to case, as observed: `uri == "SIP:A@B"` is `sip:a@b`.
    fn compare(
        &self,
        keyword: Keyword,
        op: BinaryOp,
        read: Expr<Var<V>>,
        value: Expr<Var<V>>,
    ) -> Expr<Var<V>> {
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::Unequal);
        if !equality || !is_text(keyword) {
            return fold_binary(op, read, value);
        }
        let same = Expr::Same(Box::new((read, value)));
        if op == BinaryOp::Unequal {
            Expr::Unary(UnaryOp::Not, Box::new(same))
        } else {
            same
        }
    }

    fn test(
        &mut self,
        keyword: Keyword,
        op: BinaryOp,
        with: TestWith<'_>,
        site: Site,
    ) -> Option<Expr<Var<V>>> {
        let found = self.vocabulary.test(&Test { keyword, with }, site);
        let test = Expr::Variable(self.ask(found, site)?);
        Some(match op {
            BinaryOp::Unequal => Expr::Unary(UnaryOp::Not, Box::new(test)),
            _ => test,
        })
    }

    fn word_tree(
        &mut self,
        keyword: Keyword,
        op: BinaryOp,
        word: &[u8],
        other: &Ast,
        site: Site,
    ) -> Option<Expr<Var<V>>> {
        let Some(value) = self.vocabulary.word(keyword, word) else {
            let message = format!(
                "`{}` means nothing for `{}`",
                String::from_utf8_lossy(word),
                keyword.word()
            );
            self.report(
                Diagnostic::new("E0414", other.span, message)
                    .help("is it a name that should have been defined?"),
            );
            return None;
        };
        let found = self.vocabulary.keyword(keyword, site);
        let read = Expr::Variable(self.ask(found, site)?);
        Some(self.compare(keyword, op, read, Expr::Constant(value)))
    }
}

/// Whether a keyword stands for text.
fn is_text(keyword: Keyword) -> bool {
    !matches!(
        keyword,
        Keyword::SrcPort
            | Keyword::DstPort
            | Keyword::SndPort
            | Keyword::ToPort
            | Keyword::Proto
            | Keyword::SndProto
            | Keyword::Af
            | Keyword::SndAf
            | Keyword::MsgLen
            | Keyword::MaxLen
    )
}

/// `10.0.0.0/8` in quotes.
fn network(text: &[u8]) -> Option<Network> {
    let text = std::str::from_utf8(text).ok()?;
    let (address, mask) = text.split_once('/').unwrap_or((text, ""));
    let address = address.trim_matches(|sign| matches!(sign, '[' | ']'));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix = if mask.is_empty() {
        most
    } else {
        mask.parse().ok()?
    };
    (prefix <= most).then_some(Network { address, prefix })
}

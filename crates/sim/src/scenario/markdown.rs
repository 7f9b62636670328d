//! As much of Markdown as a scenario has: a heading and fenced blocks.

/// A page.
pub(super) struct Page {
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The first word after the fence.
    pub(super) language: String,
    /// What follows it.
    pub(super) info: String,
    /// The number of its first line.
    pub(super) line: usize,
    pub(super) text: String,
}

pub(super) fn read(text: &str) -> Page {
    let mut page = Page {
        title: String::new(),
        blocks: Vec::new(),
    };
    let mut open: Option<(String, Block)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match &mut open {
            Some((fence, block)) if line.trim_end() == fence => {
                page.blocks.push(std::mem::take(block));
                open = None;
            }
            Some((_, block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => match line.strip_prefix("# ") {
                Some(title) if page.title.is_empty() => page.title = title.trim().to_owned(),
                _ => open = opened(line, number + 1),
            },
        }
    }
    page
}

fn opened(line: &str, first_line: usize) -> Option<(String, Block)> {
    let ticks = line.len() - line.trim_start_matches('`').len();
    if ticks < 3 {
        return None;
    }
    let (fence, rest) = line.split_at(ticks);
    let (language, info) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    let block = Block {
        language: language.to_owned(),
        info: info.trim().to_owned(),
        line: first_line,
        text: String::new(),
    };
    Some((fence.to_owned(), block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_lines() {
        let page =
            read("# Title\n\nProse.\n\n```kamailio file=a.cfg\nx\n```\n````sip\n```\n````\n");
        assert_eq!(page.title, "Title");
        let found: Vec<_> = page
            .blocks
            .iter()
            .map(|block| {
                (
                    block.language.as_str(),
                    block.info.as_str(),
                    block.line,
                    block.text.as_str(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("kamailio", "file=a.cfg", 6, "x\n"),
                ("sip", "", 9, "```\n")
            ]
        );
    }
}

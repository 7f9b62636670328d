//! Lines with the lines indented below them.

/// A line and what stands below it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// The number of the line in the file.
    pub(super) line: usize,
    /// Without the indent.
    pub(super) text: String,
    pub(super) below: Vec<Node>,
}

/// Reads a block whose first line has the number `first`. Empty lines and comments are left out.
pub(super) fn read(text: &str, first: usize) -> Vec<Node> {
    let lines = (first..).zip(text.lines());
    let mut lines = lines
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|(number, line)| (indent(line), number, line.trim()))
        .peekable();
    level(&mut lines, 0)
}

fn level<'a, I>(lines: &mut std::iter::Peekable<I>, least: usize) -> Vec<Node>
where
    I: Iterator<Item = (usize, usize, &'a str)>,
{
    let mut nodes: Vec<Node> = Vec::new();
    while let Some((indent, line, text)) = lines.next_if(|(indent, ..)| *indent >= least) {
        let deeper = lines.peek().is_some_and(|(next, ..)| *next > indent);
        nodes.push(Node {
            line,
            text: text.to_owned(),
            below: if deeper {
                level(lines, indent + 1)
            } else {
                Vec::new()
            },
        });
    }
    nodes
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indents_make_the_tree() {
        let nodes = read("a\n  b\n    c\n  d\n\n# no\ne\n", 10);
        let shape: Vec<_> = nodes
            .iter()
            .map(|node| (node.line, node.text.as_str(), node.below.len()))
            .collect();
        assert_eq!(shape, [(10, "a", 2), (16, "e", 0)]);
        assert_eq!(nodes[0].below[0].below[0].text, "c");
    }
}

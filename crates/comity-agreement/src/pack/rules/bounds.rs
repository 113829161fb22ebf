//! How large the rules of a file may be, told from its bytes before Cedar reads them.
//!
//! Cedar reads, validates and asks a condition by recursion, one call for each bracket and each operator, and a stack that
//! runs out ends the process: a partner's text may not reach that far. What is counted here is no grammar; what is not
//! Cedar is left for Cedar to say.

use crate::finding::Finding;

/// The most brackets within each other: the deepest rule that ships has five.
pub(super) const DEPTH_MAX: usize = 32;

/// The most operators in one rule, each a step deeper at worst: the most in a rule that ships are 44.
pub(super) const OPERATORS_MAX: usize = 128;

/// The most rules in a file: forty times those of the longest that ships.
pub(super) const RULES_MAX: usize = 2_000;

/// What is counted in the rule at hand.
#[derive(Default)]
struct Counted {
    depth: usize,
    operators: usize,
    rules: usize,
}

/// Nothing, where the text keeps to the bounds.
///
/// # Errors
/// A [`Finding`] at the line where the first bound is passed.
pub(super) fn within(file: &str, text: &str) -> Result<(), Finding> {
    let mut counted = Counted::default();
    let mut line = 1;
    let mut bytes = text.bytes().enumerate().peekable();
    let mut word_begins = None;
    while let Some((at, byte)) = bytes.next() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            word_begins.get_or_insert(at);
            continue;
        }
        let word = word_begins.take().map_or("", |begins| &text[begins..at]);
        counted.operators += usize::from(["if", "has", "like", "in", "is"].contains(&word));
        match byte {
            b'\n' => line += 1,
            b'"' => {
                // To the quote that ends the text, over those that a backslash makes part of it.
                while let Some((_, inner)) = bytes.next() {
                    match inner {
                        b'\n' => line += 1,
                        b'\\' => line += usize::from(bytes.next().is_some_and(|(_, next)| next == b'\n')),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            b'/' if bytes.next_if(|(_, next)| *next == b'/').is_some() => {
                while bytes.next_if(|(_, next)| *next != b'\n').is_some() {}
            }
            b'(' | b'[' | b'{' => counted.depth += 1,
            b')' | b']' | b'}' => counted.depth = counted.depth.saturating_sub(1),
            b';' if counted.depth > 0 => {
                return Err(Finding::error(
                    file,
                    line,
                    "unexpected token `;`: a bracket before it is not closed",
                ));
            }
            b';' => {
                counted.rules += 1;
                counted.operators = 0;
            }
            b'&' | b'|' => {
                let _ = bytes.next_if(|(_, next)| *next == byte);
                counted.operators += 1;
            }
            b'!' | b'-' | b'+' | b'*' | b'.' | b'<' | b'>' | b'=' => {
                let _ = bytes.next_if(|(_, next)| *next == b'=');
                counted.operators += 1;
            }
            _ => {}
        }
        if let Some(text) = counted.too_much() {
            return Err(Finding::error(file, line, text));
        }
    }
    Ok(())
}

impl Counted {
    fn too_much(&self) -> Option<String> {
        if self.depth > DEPTH_MAX {
            Some(format!("more than {DEPTH_MAX} brackets within each other: write several rules"))
        } else if self.operators > OPERATORS_MAX {
            Some(format!("more than {OPERATORS_MAX} operators in one rule: write several rules"))
        } else if self.rules > RULES_MAX {
            Some(format!("more than {RULES_MAX} rules in one file"))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<usize> {
        within("f", text).err().map(|finding| finding.line)
    }

    #[test]
    fn each_bound_is_met_and_passed_by_one() {
        let nested = |n: usize| format!("when\n{}{}", "(".repeat(n), ")".repeat(n));
        assert_eq!((line(&nested(DEPTH_MAX)), line(&nested(DEPTH_MAX + 1))), (None, Some(2)));
        for operator in ["&&", "||", "!", "!=", "<=", ".", "-", "if ", "has "] {
            let joined = |n: usize| format!("\n\n{}x", format!("{operator} ").repeat(n));
            assert_eq!(line(&joined(OPERATORS_MAX)), None, "{operator}");
            assert_eq!(line(&joined(OPERATORS_MAX + 1)), Some(3), "{operator}");
        }
        let rules = |n: usize| ";\n".repeat(n);
        assert_eq!((line(&rules(RULES_MAX)), line(&rules(RULES_MAX + 1))), (None, Some(RULES_MAX + 1)));
    }

    #[test]
    fn what_stands_in_texts_and_comments_is_not_counted() {
        let many = "((((((((((".repeat(20);
        assert_eq!(line(&format!("// {many}\n@summary(\"{many} \\\" {many}\\\\\") x")), None);
        assert_eq!(line(&format!("@summary(\"{many} \\\\\") {many}")), Some(1));
    }

    #[test]
    fn a_bracket_that_is_not_closed_is_told_where_its_rule_ends() {
        assert_eq!(line("permit ((\n;\npermit ()\n;"), Some(2));
        assert_eq!(line(&"(;".repeat(DEPTH_MAX + 1)), Some(1));
    }
}

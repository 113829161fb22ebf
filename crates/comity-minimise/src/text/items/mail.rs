//! What has an `@`: an e-mail address, a prompt, the account of a remote machine, a handle.

use super::{Kind, Reader};
use crate::text::span::Label;

/// The longest local part and domain of an address (RFC 5321 section 4.5.3.1).
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 255;

impl Reader<'_> {
    /// A piece with one `@` or more.
    pub(super) fn at_signs(&mut self, start: usize, end: usize) {
        let text = self.text;
        let mut from = start;
        while let Some(at) = text[from..end].find('@').map(|offset| from + offset) {
            let is_local = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
            let is_domain = |c: char| c.is_alphanumeric() || ".-_".contains(c);
            let local = text[from..at]
                .char_indices()
                .rev()
                .take_while(|(offset, c)| is_local(*c) && at - from - offset <= LOCAL_MAX)
                .last()
                .map_or(at, |(offset, _)| from + offset);
            let local =
                local + (text[local..at].len() - text[local..at].trim_start_matches(['.', '-', '%']).len());
            let after = text[at + 1..end]
                .char_indices()
                .take_while(|(offset, c)| is_domain(*c) && *offset <= DOMAIN_MAX)
                .last()
                .map_or(at + 1, |(offset, c)| at + 1 + offset + c.len_utf8());
            let domain = text[at + 1..after].trim_end_matches(['.', '-', '_']);
            let after = at + 1 + domain.len();
            if from < local {
                self.piece(from, local);
            }
            self.address(local, at, after, end);
            from = after.max(at + 1);
        }
        if from < end {
            self.piece(from, end);
        }
    }

    fn address(&mut self, local: usize, at: usize, after: usize, end: usize) {
        let text = self.text;
        let (name, domain) = (&text[local..at], &text[at + 1..after]);
        let top = domain.rsplit('.').next().unwrap_or_default();
        let is_domain = domain.contains('.')
            && top.chars().count() >= 2
            && top.chars().all(char::is_alphabetic)
            && domain.split('.').all(|label| !label.is_empty());
        let remote =
            is_remote(&text[..local]) || text[after..end].starts_with(":~") || is_prompt(&text[after..]);
        let is_account = name.len() > 1
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && name.bytes().any(|b| b.is_ascii_alphabetic())
            && !self.is_system_account(name);
        if name.is_empty() {
            return;
        }
        if remote && !domain.is_empty() {
            if is_account {
                self.put(local..at, Kind::Found(Label::Username));
            } else {
                self.put(local..at, Kind::Thing);
            }
            return self.put(at..after, Kind::Thing);
        }
        if is_domain || domain.parse::<std::net::Ipv4Addr>().is_ok() {
            return self.put(local..after, Kind::Mail { local: name.len() });
        }
        // A secret, or something that only looks like an address.
        if !domain.is_empty() {
            self.put(local..after, Kind::Thing);
        }
    }
}

/// Whether a command stands before that takes `account@machine`.
fn is_remote(before: &str) -> bool {
    let from = before.len().saturating_sub(60);
    let from = (from..=before.len()).find(|at| before.is_char_boundary(*at)).unwrap_or(before.len());
    let line = before[from..].rsplit('\n').next().unwrap_or_default();
    let mut words = line.split_whitespace().rev().take(6);
    words.any(|word| {
        word.contains('s')
            && ["ssh", "scp", "sftp", "rsync", "mosh", "ssh-copy-id", "sshpass", "sshfs", "autossh"]
                .contains(&word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-'))
    })
}

/// Whether what follows `account@machine` makes it a prompt: `:~$`, `:/var#`, ` ~]$`.
fn is_prompt(after: &str) -> bool {
    let mut rest = after.chars().take(64);
    match rest.next() {
        Some(':') => {
            let place: String = rest.take_while(|c| !c.is_whitespace()).collect();
            (place.starts_with('~') || place.starts_with('/')) && place.ends_with(['$', '#', '%', '>'])
                || place.starts_with(['~', '/']) && after.contains("$ ")
        }
        Some(' ') => {
            let place: String = rest.take_while(|c| !c.is_whitespace()).collect();
            place.ends_with("]$")
                || place.ends_with("]#")
                || place == "~"
                    && after[1..].trim_start_matches('~').trim_start().starts_with(['%', '$', '#'])
        }
        Some('$' | '#') => true,
        _ => false,
    }
}

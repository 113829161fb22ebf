//! Paths, registry keys, `DOMAIN\user`: only the part that names a user is found, the rest is a thing.

use super::{Item, Kind, Reader};
use crate::text::letters::lower;
use crate::text::lexicon::{Known, NAMESPACE};
use crate::text::span::Label;
use std::ops::Range;

/// Folders whose folders are called after users.
const HOMES: [&str; 6] = ["users", "home", "documents and settings", "utilisateurs", "benutzer", "profiles"];
/// Folders whose files are called after users.
const MAILS: [&str; 3] = ["mail", "crontabs", "sudoers.d"];
/// The longest name of a user, in bytes.
const NAME_MAX: usize = 64;
impl Reader<'_> {
    /// A chunk with a backslash: a Windows path, a registry key, or `DOMAIN\user`.
    pub(super) fn backslashed(&mut self, start: usize, end: usize) {
        let text = self.text;
        let bytes = text.as_bytes();
        let quote = |at: usize| b"\"'`<>|;,()=[]{}".contains(&bytes[at]);
        let slash = (start..end).find(|at| bytes[*at] == b'\\').unwrap_or(start);
        let mut from = (start..slash).rev().find(|at| quote(*at)).map_or(start, |at| at + 1);
        let to =
            (slash..end).find(|at| quote(*at) && bytes[*at] != b'(' && bytes[*at] != b')').unwrap_or(end);
        // An option is no part of a path.
        let goes_on =
            self.path_end.is_some_and(|path| path + 1 == start) && !matches!(bytes[start], b'/' | b'-');
        // `User:CORP\jdoe`
        if let Some(colon) = (from..slash).rev().find(|at| bytes[*at] == b':')
            && slash > colon + 1
        {
            from = colon + 1;
        }
        if let Some(user) = self.home_segment(from, to) {
            let rest = path_end(text, user.end.max(to.min(user.end)), to.max(user.end));
            self.user_in(from, user, rest);
            self.path_end = Some(rest);
            return self.rest(start, from, rest, end);
        }
        let (name, after) = (&text[from..slash], text[slash..to].trim_start_matches('\\'));
        let count = text[slash..to].len() - after.len();
        let single = (count == 1 || count == 2) && !after.contains('\\');
        let user_end =
            after.find(|c: char| !(c.is_alphanumeric() || "._-$".contains(c))).unwrap_or(after.len());
        let user = after[..user_end].trim_end_matches(['.', '-']);
        let drive = name.is_empty() || name.len() == 1 || name.ends_with(':');
        if single && !drive && !goes_on && self.is_account(name, user) {
            let at = to - after.len();
            self.put(from..at, Kind::Thing);
            self.put(at..at + user.len(), Kind::Found(Label::Username));
            return self.rest(start, from, at + user.len(), end);
        }
        let thing_end = path_end(text, slash, to);
        self.put(from..thing_end, Kind::Thing);
        self.path_end = Some(thing_end);
        self.rest(start, from, thing_end, end);
    }

    fn rest(&mut self, start: usize, from: usize, to: usize, end: usize) {
        if start < from {
            self.piece(start, from);
        }
        if to < end {
            self.chunk_again(to, end);
        }
    }

    fn is_account(&self, domain: &str, user: &str) -> bool {
        let simple = |name: &str| name.chars().all(|c| c.is_alphanumeric() || "._-$".contains(c));
        let is_domain = (2..=40).contains(&domain.len())
            && simple(domain)
            && domain.chars().next().is_some_and(char::is_alphabetic)
            && self.cues(domain) & NAMESPACE == 0;
        let lower = lower(user);
        let is_user = (2..=NAME_MAX).contains(&user.len())
            && user.chars().any(char::is_alphabetic)
            && !user.ends_with('$')
            && !self.is_system_account(user)
            && !self.is_dotted_file(user)
            && !self.is_put_together(user);
        // A folder of ordinary words is a path; a domain in capitals is one.
        let capitals = domain.chars().all(|c| !c.is_lowercase());
        is_domain
            && is_user
            && (capitals || !self.lexicon.is_english(&lower) || self.lexicon.given(&lower) == Known::Well)
    }

    /// `RunOnce`, `ZonesCounterMutex`: words put together, as things are called and people are not.
    fn is_put_together(&self, name: &str) -> bool {
        let mut starts: Vec<usize> =
            name.char_indices().filter(|(_, c)| c.is_uppercase()).map(|(at, _)| at).collect();
        if starts.first() != Some(&0) || starts.len() < 2 || !name.chars().any(char::is_lowercase) {
            return false;
        }
        starts.push(name.len());
        let parts =
            starts.windows(2).map(|pair| name[pair[0]..pair[1]].to_lowercase()).filter(|p| p.len() > 2);
        let mut words = parts.map(|part| {
            self.lexicon.is_plain(&part)
                && self.lexicon.given(&part) == Known::No
                && !self.lexicon.is_surname(&part)
        });
        if starts.len() > 3 { words.any(|word| word) } else { words.all(|word| word) }
    }

    fn is_dotted_file(&self, name: &str) -> bool {
        let Some((_, end)) = name.rsplit_once('.') else { return false };
        [
            "exe", "dll", "sys", "bat", "ps1", "txt", "log", "ini", "dat", "tmp", "lnk", "js", "vbs", "zip",
            "docx", "pdf", "cmd", "xml", "json", "conf", "cfg",
        ]
        .contains(&end.to_ascii_lowercase().as_str())
    }

    /// A piece with slashes: a path, or words between slashes.
    pub(super) fn slashed(&mut self, start: usize, end: usize) {
        let text = self.text;
        if let Some(user) = self.home_segment(start, end) {
            let from = path_start(text, start, user.start);
            let rest = path_end(text, user.end, end.max(user.end));
            self.user_in(from, user, rest);
            if start < from {
                self.piece(start, from);
            }
            return;
        }
        let (from, to) = super::trimmed(&text[start..end]);
        let piece = &text[start + from..start + to.max(from)];
        let at = start + from;
        if let Some(name) = piece.strip_prefix('~')
            && let Some((name, _)) = name.split_once('/')
            && name.len() > 1
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && !self.is_system_account(name)
        {
            return self.user_in(at, at + 1..at + 1 + name.len(), at + piece.len());
        }
        if let Some((address, mask)) = piece.split_once('/')
            && (address.parse::<std::net::IpAddr>().is_ok() && mask.bytes().all(|b| b.is_ascii_digit()))
        {
            return self.put(at..at + piece.len(), Kind::Thing);
        }
        let slashes = piece.matches('/').count();
        let rooted = piece.starts_with('/')
            || piece.starts_with("~/")
            || piece.starts_with("./")
            || piece.starts_with("../");
        let host = piece.split(['/', ':']).next().is_some_and(|host| self.is_dotted_thing(host));
        if host || rooted && piece.len() > 2 || slashes > 1 && piece.contains(['.', '_']) && piece.is_ascii()
        {
            return self.put(at..at + piece.len(), Kind::Thing);
        }
        let mut from = at;
        for place in at..=at + piece.len() {
            if place == at + piece.len() || text.as_bytes()[place] == b'/' {
                if place > from {
                    self.piece(from, place);
                }
                from = place + 1;
            }
        }
    }

    fn user_in(&mut self, from: usize, user: Range<usize>, to: usize) {
        self.items.push(Item { range: from..user.start, kind: Kind::Thing });
        self.items.push(Item { range: user.clone(), kind: Kind::Found(Label::PathUser) });
        self.items.push(Item { range: user.end..to, kind: Kind::Thing });
    }

    /// The segment of a path in `start..end` that names a user. A segment may hold spaces and end beyond.
    fn home_segment(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let text = self.text;
        let bytes = text.as_bytes();
        let is_slash = |at: usize| matches!(bytes.get(at), Some(b'\\' | b'/'));
        // A share that is not shown: `\\server\home$\jdoe`.
        let hidden = |at: usize| usize::from(bytes.get(at) == Some(&b'$'));
        let windows = bytes[start..end].contains(&b'\\') || bytes[start..end].windows(2).any(|w| w == b":/");
        let mut at = start;
        while at < end {
            if !is_slash(at) {
                at += 1;
                continue;
            }
            while is_slash(at) {
                at += 1;
            }
            let folder = HOMES.iter().chain(&MAILS).find(|home| {
                bytes.get(at..at + home.len()).is_some_and(|b| b.eq_ignore_ascii_case(home.as_bytes()))
                    && is_slash(at + home.len() + hidden(at + home.len()))
            });
            let Some(folder) = folder else { continue };
            let mut from = at + folder.len() + hidden(at + folder.len());
            while is_slash(from) {
                from += 1;
            }
            if MAILS.contains(folder) && !text[start..at].contains("/var/") && *folder != "sudoers.d" {
                continue;
            }
            let user = segment(text, from, windows);
            let name = &text[user.clone()];
            let named = (1..=NAME_MAX).contains(&name.len())
                && name.chars().next().is_some_and(char::is_alphanumeric)
                && name.chars().any(char::is_alphabetic)
                && !self.is_system_account(name)
                && name.split(' ').count() <= 4;
            return named.then_some(user);
        }
        None
    }
}

/// The segment that begins at `from`. A Windows path may hold spaces: they belong to it when a backslash comes after.
fn segment(text: &str, from: usize, windows: bool) -> Range<usize> {
    let stops = |c: char| {
        matches!(
            c,
            '\\' | '/'
                | '"'
                | '\''
                | '<'
                | '>'
                | '|'
                | ':'
                | '*'
                | '?'
                | ','
                | ';'
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | '%'
                | '`'
                | '='
                | '&'
                | '#'
                | '$'
        ) || c.is_control()
            || super::is_unspaced(c)
    };
    let mut space = None;
    let mut end = text.len();
    for (offset, c) in text[from..].char_indices() {
        let at = from + offset;
        if offset > NAME_MAX {
            end = space.unwrap_or(at);
            break;
        }
        // A space as it is written in a URL.
        let stops = stops(c) && !text[at..].starts_with("%20");
        if c.is_whitespace() && (!windows || c != ' ') || stops {
            end = match (c, space) {
                ('\\' | '/', _) | (_, None) => at,
                (_, Some(space)) => space,
            };
            break;
        }
        if c == ' ' && space.is_none() {
            space = Some(at);
        }
        if c == ' ' && text[at + 1..].starts_with(|c: char| !c.is_alphabetic()) {
            end = space.unwrap_or(at);
            break;
        }
        end = match space {
            Some(space) if at + c.len_utf8() == text.len() => space,
            _ => at + c.len_utf8(),
        };
    }
    let trimmed = text[from..end].trim_end_matches(['.', '-', ' ']);
    from..from + trimmed.len()
}

/// Where the path that goes on at `from` ends in a chunk that ends at `to`.
fn path_end(text: &str, from: usize, to: usize) -> usize {
    let stop = text[from..].find(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '<' | '>' | '|' | '`' | ';' | ',') || super::is_unspaced(c)
    });
    let end = stop.map_or(text.len(), |at| from + at).min(to.max(from) + 512);
    let end = (from..=end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(from);
    from + text[from..end].trim_end_matches(['.', ',', ')', ']', '\'', ':', '!', '?']).len()
}

/// Where the path that leads to `user` begins in its piece.
fn path_start(text: &str, start: usize, user: usize) -> usize {
    let first = text[start..user].find(['/', '\\']).map_or(user, |at| start + at);
    // `C:/Users/…` begins with its drive.
    if first >= start + 2
        && text.as_bytes()[first - 1] == b':'
        && text.as_bytes()[first - 2].is_ascii_alphabetic()
    {
        first - 2
    } else {
        first
    }
}

//! One spelling for each data file. A log's paths are URLs, and writers spell one file in many ways:
//! "city=New%20York/a", "./city=New%20York/a", "file:/table/city=New%20York/a", or without any
//! encoding. The canonical path is decoded, without "." and "..", relative to the table's root where
//! the file is below it, and then encoded as Spark does it, so that nearly all paths are canonical as
//! they stand.

use std::borrow::Cow;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The canonical form of `logged`, a path of the log of the table in `root`; where it could mean
/// several files, the reason.
pub fn canonical<'a>(root: &Path, logged: &'a str) -> Result<Cow<'a, str>, String> {
    if is_plain(logged) {
        return Ok(Cow::Borrowed(logged));
    }
    let Some(path) = local_part(logged)? else {
        return Ok(Cow::Borrowed(logged));
    };
    let decoded = decode(path)?;
    let spelled = match decoded.strip_prefix(b"/") {
        Some(absolute) => absolute_form(root, &parts_of(absolute)),
        None => relative_form(&parts_of(&decoded)),
    };
    Ok(match spelled == logged {
        true => Cow::Borrowed(logged),
        false => Cow::Owned(spelled),
    })
}

/// The fault of a log with such a path, for a person.
pub fn unclear(logged: &str, why: &str) -> String {
    format!("the log calls a data file \"{logged}\": {why}")
}

/// Whether a look at its characters is enough: a relative path with nothing to decode in it.
fn is_plain(path: &str) -> bool {
    let is_plain_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=./".contains(&byte);
    path.bytes().all(is_plain_byte)
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

/// What of `logged` is a path of the local file system; none where it is in another one.
fn local_part(logged: &str) -> Result<Option<&str>, String> {
    let Some(colon) = scheme_length(logged) else {
        return Ok(Some(logged));
    };
    let (scheme, rest) = (&logged[..colon], &logged[colon + 1..]);
    if !rest.starts_with('/') {
        return Err("it has a colon where a URL has the end of its scheme".to_string());
    }
    if !scheme.eq_ignore_ascii_case("file") {
        return Ok(None);
    }
    let Some(after_slashes) = rest.strip_prefix("//") else {
        return Ok(Some(rest));
    };
    let local = after_slashes
        .strip_prefix("localhost/")
        .map(|_| &after_slashes["localhost".len()..]);
    let local = local.unwrap_or(after_slashes);
    Ok(local.starts_with('/').then_some(local))
}

/// The length of the scheme that `text` begins with, without its colon.
fn scheme_length(text: &str) -> Option<usize> {
    let is_scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let colon = text.find(':')?;
    let scheme = &text.as_bytes()[..colon];
    let is_scheme =
        scheme.first()?.is_ascii_alphabetic() && scheme.iter().all(|&byte| is_scheme_byte(byte));
    is_scheme.then_some(colon)
}

/// Decodes %XX; a percent sign that begins no such escape stands for itself.
fn decode(path: &str) -> Result<Vec<u8>, String> {
    let mut decoded = Vec::with_capacity(path.len());
    let (mut illegal, mut doubtful) = (None, false);
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if let Some(value) = escape(rest) {
            doubtful = doubtful || is_doubtful(value, &after[2..]);
            decoded.push(value);
            rest = &after[2..];
            continue;
        }
        if !is_legal(byte) {
            illegal = illegal.or(Some(char::from(byte)));
        }
        decoded.push(byte);
        rest = after;
    }
    match illegal {
        Some(character) if doubtful => Err(format!(
            "it has a {character:?}, which is not allowed in a URL, and a %XX, which may stand for \
             itself then"
        )),
        _ => Ok(decoded),
    }
}

/// The byte that the %XX at the start of `text` stands for.
fn escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// Whether an escape may be part of a folder's name, in a path that was not encoded at all. Names of
/// partitions have such of their own: Hive writes `time=10%3A00`, which is `time=10%253A00` in a log.
/// (Some writers encode a path but for its blanks.)
fn is_doubtful(value: u8, rest: &[u8]) -> bool {
    let in_hive_names = value < 0x20 || b"\"#%'*/:=?\\\x7F{[]^".contains(&value);
    let is_encoded_escape = value == b'%' && rest.len() >= 2 && {
        let digits = [b'%', rest[0], rest[1]];
        escape(&digits).is_some()
    };
    in_hive_names && !is_encoded_escape
}

/// Whether a URL's path may have `byte` as it is. Spark does not encode letters beyond ASCII.
fn is_legal(byte: u8) -> bool {
    byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-._~/=@:!$&'()*+,;".contains(&byte)
}

/// The names from the start of a path to its end. A ".." goes back, where there is something.
fn parts_of(path: &[u8]) -> Vec<&[u8]> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        let can_go_back = parts.last().is_some_and(|last| *last != b"..");
        match part {
            b"" | b"." => {}
            b".." if can_go_back => _ = parts.pop(),
            name => parts.push(name),
        }
    }
    parts
}

fn relative_form(parts: &[&[u8]]) -> String {
    let spelled = encode(&parts.join(&b'/'));
    match scheme_length(&spelled) {
        Some(_) => spelled.replacen(':', "%3A", 1),
        None => spelled,
    }
}

/// Relative to the root, if the file is below it, whatever the links are called that lead there.
fn absolute_form(root: &Path, parts: &[&[u8]]) -> String {
    let joined = parts.join(&b'/');
    let outside = || format!("file:///{}", encode(&joined));
    let Ok(text) = std::str::from_utf8(&joined) else {
        return outside();
    };
    let path = Path::new("/").join(text);
    let below = path.strip_prefix(root).map(Path::to_path_buf);
    let below = below.or_else(|_| {
        without_links(&path)
            .strip_prefix(root)
            .map(Path::to_path_buf)
    });
    let is_file = |below: &PathBuf| below.components().next().is_some();
    match below.ok().filter(is_file) {
        Some(below) => relative_form(&parts_of(below.as_os_str().as_encoded_bytes())),
        None => outside(),
    }
}

/// `path` with the links resolved in what there is of it.
fn without_links(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        let Ok(real) = fs::canonicalize(above) else {
            continue;
        };
        let rest = path.strip_prefix(above).unwrap_or(Path::new(""));
        let is_name = |part: Component| matches!(part, Component::Normal(_));
        return match rest.components().all(is_name) {
            true => real.join(rest),
            false => path.to_path_buf(),
        };
    }
    path.to_path_buf()
}

/// Encodes what a URL's path may not have, as Spark does; and letters beyond ASCII where the path is
/// not UTF-8.
fn encode(path: &[u8]) -> String {
    let is_text = std::str::from_utf8(path).is_ok();
    let mut encoded = Vec::with_capacity(path.len());
    for &byte in path {
        match is_legal(byte) && (is_text || byte < 0x80) {
            true => encoded.push(byte),
            false => encoded.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    String::from_utf8_lossy(&encoded).into_owned()
}

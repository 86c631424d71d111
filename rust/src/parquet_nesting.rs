//! How deep the schema of a Parquet file nests, found out before a reader takes the footer apart:
//! readers call themselves for every level, and a footer of a megabyte can have a hundred thousand.
//!
//! A footer is a struct in Thrift's compact protocol. Its second field is the schema, a list of
//! elements in depth-first order, each a struct whose fifth field is the number of its children.

use std::fs::File;
use std::io::Error;
use std::os::unix::fs::FileExt;

/// As parquet-cpp has it.
const DEEPEST_SCHEMA: usize = 100;
/// Structs within structs, of fields that are passed over.
const DEEPEST_FIELD: usize = 32;

const TAIL_BYTES: u64 = 8;
const SCHEMA: i64 = 2;
const NUM_CHILDREN: i64 = 5;

mod kind {
    pub const STOP: u8 = 0;
    pub const TRUE: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const BYTE: u8 = 3;
    pub const I64: u8 = 6;
    pub const DOUBLE: u8 = 7;
    pub const BINARY: u8 = 8;
    pub const LIST: u8 = 9;
    pub const SET: u8 = 10;
    pub const MAP: u8 = 11;
    pub const STRUCT: u8 = 12;
    pub const UUID: u8 = 13;
}

/// Whether the schema of a Parquet file nests deeper than its readers bear. What is no Parquet file,
/// or a footer that cannot be followed, does not: its reader says what is wrong with it.
pub fn is_too_deep(file: &File) -> Result<bool, Error> {
    let size = file.metadata()?.len();
    let mut tail = [0; TAIL_BYTES as usize];
    if size < TAIL_BYTES {
        return Ok(false);
    }
    file.read_exact_at(&mut tail, size - TAIL_BYTES)?;
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    if &tail[4..] != b"PAR1" || length > size - TAIL_BYTES {
        return Ok(false);
    }
    let mut footer = vec![0; length as usize];
    file.read_exact_at(&mut footer, size - TAIL_BYTES - length)?;
    let depth = Reader { rest: &footer }.schema_depth();
    Ok(depth.is_some_and(|depth| depth > DEEPEST_SCHEMA))
}

/// Reads what it is asked for; None where the bytes end or make no sense.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn schema_depth(&mut self) -> Option<usize> {
        let mut id = 0;
        loop {
            let field = self.field(&mut id)?;
            if field == kind::STOP {
                return None;
            }
            if id == SCHEMA && field == kind::LIST {
                return self.depth_of_elements();
            }
            self.skip(field, 0)?;
        }
    }

    /// The deepest of the elements; stops at the first that is too deep.
    fn depth_of_elements(&mut self) -> Option<usize> {
        let (elements, element) = self.list_head()?;
        let mut open: Vec<i64> = Vec::new(); // for each level above, the children that are to come
        let mut deepest = 0;
        for _ in 0..elements {
            if element != kind::STRUCT {
                return None;
            }
            let children = self.num_children()?;
            while open.last() == Some(&0) {
                open.pop();
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            if children > 0 {
                open.push(children);
            }
            deepest = deepest.max(open.len());
            if deepest > DEEPEST_SCHEMA {
                break;
            }
        }
        Some(deepest)
    }

    fn num_children(&mut self) -> Option<i64> {
        let (mut id, mut children) = (0, 0);
        loop {
            let field = self.field(&mut id)?;
            if field == kind::STOP {
                return Some(children);
            }
            if id == NUM_CHILDREN && (kind::BYTE..=kind::I64).contains(&field) {
                children = self.integer()?;
            } else {
                self.skip(field, 0)?;
            }
        }
    }

    /// The kind of a struct's next field; moves `id` on to its number.
    fn field(&mut self, id: &mut i64) -> Option<u8> {
        let head = self.byte()?;
        if head & 0x0F != kind::STOP {
            *id = match head >> 4 {
                0 => self.integer()?,
                step => *id + i64::from(step),
            };
        }
        Some(head & 0x0F)
    }

    fn list_head(&mut self) -> Option<(u64, u8)> {
        let head = self.byte()?;
        let size = match head >> 4 {
            0x0F => self.varint()?,
            size => u64::from(size),
        };
        Some((size, head & 0x0F))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > DEEPEST_FIELD {
            return None;
        }
        match kind {
            kind::TRUE | kind::FALSE => {} // the kind is the value
            kind::BYTE => self.skip_bytes(1)?,
            4..=kind::I64 => _ = self.varint()?,
            kind::DOUBLE => self.skip_bytes(8)?,
            kind::UUID => self.skip_bytes(16)?,
            kind::BINARY => {
                let length = self.varint()?;
                self.skip_bytes(length)?;
            }
            kind::LIST | kind::SET => {
                let (size, element) = self.list_head()?;
                for _ in 0..size {
                    self.skip_element(element, depth + 1)?;
                }
            }
            kind::MAP => {
                let size = self.varint()?;
                let kinds = if size == 0 { 0 } else { self.byte()? };
                for _ in 0..size {
                    self.skip_element(kinds >> 4, depth + 1)?;
                    self.skip_element(kinds & 0x0F, depth + 1)?;
                }
            }
            kind::STRUCT => {
                let mut id = 0;
                loop {
                    match self.field(&mut id)? {
                        kind::STOP => break,
                        field => self.skip(field, depth + 1)?,
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// Within a list or a map a boolean takes a byte: no element is without one, and no loop is longer
    /// than the footer.
    fn skip_element(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            kind::TRUE | kind::FALSE => self.skip_bytes(1),
            kind => self.skip(kind, depth),
        }
    }

    fn skip_bytes(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

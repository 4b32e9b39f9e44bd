//! Screens the heads of HTTP/1.1 before hyper reads them: what two servers could read in two ways is read by neither.
//!
//! A proxy in front and hyper behind must agree on where a request ends, or a client can hide one request in another's body
//! (request smuggling). hyper refuses most of what is ambiguous; RFC 9112 lets it accept the rest:
//!
//! | in a head | RFC 9112 | here |
//! |---|---|---|
//! | a line that ends with LF alone | §2.2: may be accepted | 400 |
//! | `Content-Length` and `Transfer-Encoding` | §6.1: may be processed, then closed | 400 |
//! | `Content-Length` twice, even the same | §6.3: may be taken as one | 400 |
//! | `Content-Length` that is not 1 to 19 digits, such as `+5`, `5, 5` | §6.3: may be taken as one | 400 |
//! | `Transfer-Encoding` twice | §6.1: a list | 400 |
//!
//! What is refused is made unreadable where it stands: a NUL takes the place of its line's end, so that hyper's own answer, 400
//! and the end of the connection, comes in its turn behind the answers to what was asked before.
//!
//! Heads are followed through keep-alive and pipelining by their lengths. After a head with `Transfer-Encoding` nothing is
//! followed any more: the interface closes the connection after such a request.

/// The most of a line that is looked at: enough for the two names and every length that is accepted.
const LOOK: usize = 96;
/// Digits that a length may have.
const DIGITS: usize = 19;

/// Where in the stream of a connection the next byte belongs.
#[derive(Debug, Default)]
enum Place {
    /// In front of a request line.
    #[default]
    Between,
    /// In a head.
    Head,
    /// In a body of which so many bytes are to come.
    Body(u64),
    /// Nothing is followed any more.
    Over,
}

/// The screen of one connection.
#[derive(Debug, Default)]
pub(super) struct Screen {
    place: Place,
    /// The beginning of a line whose end has not come; no more than matters.
    line: Vec<u8>,
    /// How long that line is so far, and its last byte.
    line_length: usize,
    last: u8,
    /// What the head under way has said.
    length: Option<u64>,
    is_chunked: bool,
}

impl Screen {
    /// Looks at bytes that came in, and makes unreadable what is refused.
    pub(super) fn look(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            match self.place {
                Place::Over => return,
                Place::Body(left) => {
                    let here = left.min((bytes.len() - at) as u64);
                    at += here as usize;
                    self.place = match left - here {
                        0 => Place::Between,
                        left => Place::Body(left),
                    };
                }
                Place::Between | Place::Head => at = self.read_line(bytes, at),
            }
        }
    }

    /// Reads on in a line of a head from `at`; returns where the next begins.
    fn read_line(&mut self, bytes: &mut [u8], at: usize) -> usize {
        let rest = &bytes[at..];
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            self.keep(rest);
            return bytes.len();
        };
        let came = &rest[..end];
        let is_fine = if self.line_length == 0 {
            let last = came.last().copied().unwrap_or_default();
            self.end_line(&came[..end.min(LOOK)], end, last)
        } else {
            self.keep(came);
            let line = std::mem::take(&mut self.line);
            let length = std::mem::take(&mut self.line_length);
            self.end_line(&line, length, self.last)
        };
        if !is_fine {
            bytes[at + end] = 0;
            self.place = Place::Over;
        }
        at + end + 1
    }

    /// Keeps a part of a line.
    fn keep(&mut self, part: &[u8]) {
        let room = LOOK.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
        self.line_length += part.len();
        self.last = part.last().copied().unwrap_or(self.last);
    }

    /// Judges a line of a head: its beginning, how long it is without its LF, and the byte before that.
    fn end_line(&mut self, start: &[u8], length: usize, last: u8) -> bool {
        if last != b'\r' {
            return false;
        }
        let is_empty = length == 1;
        match self.place {
            // Empty lines in front of a request line are skipped (RFC 9112 §2.2).
            Place::Between if is_empty => true,
            Place::Between => {
                (self.length, self.is_chunked) = (None, false);
                self.place = Place::Head;
                true
            }
            _ if is_empty => {
                self.place = match self.length {
                    _ if self.is_chunked => Place::Over,
                    None | Some(0) => Place::Between,
                    Some(length) => Place::Body(length),
                };
                true
            }
            _ => self.judge(start, length),
        }
    }

    /// Judges a header line by its name.
    fn judge(&mut self, start: &[u8], length: usize) -> bool {
        // Nearly all lines are told by their first letter.
        let first = start.first().map_or(0, u8::to_ascii_lowercase);
        let is_framed = self.is_chunked || self.length.is_some();
        if first == b'c' && names(start, b"content-length:") {
            self.length = (length <= LOOK && !is_framed)
                .then(|| number(&start[b"content-length:".len()..]))
                .flatten();
            return self.length.is_some();
        }
        if first == b't' && names(start, b"transfer-encoding:") {
            self.is_chunked = true;
            return !is_framed;
        }
        true
    }
}

/// Whether a line begins with this name and its colon, whatever the case.
fn names(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// A length: digits and nothing else, but for blanks around them.
fn number(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    let is_number = (1..=DIGITS).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    is_number
        .then(|| std::str::from_utf8(digits).ok()?.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a stream passes unchanged: whole, and cut into pieces of every size up to 7.
    fn passes(text: &str) -> bool {
        let whole = screened(text, text.len().max(1));
        for size in 1..8 {
            assert_eq!(screened(text, size), whole, "in pieces of {size}: {text:?}");
        }
        whole == text.as_bytes()
    }

    fn screened(text: &str, size: usize) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        let mut screen = Screen::default();
        for piece in bytes.chunks_mut(size) {
            screen.look(piece);
        }
        bytes
    }

    #[test]
    fn what_two_servers_read_in_one_way_passes() {
        let long = format!(
            "GET / HTTP/1.1\r\nX: {}\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "x".repeat(300)
        );
        for text in [
            "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na\nb\nGET / HTTP/1.1\r\nconTENT-length:\t0 \r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe\nlo\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Lengthy: x\r\nTrailer: y\r\nC: z\r\n\r\n",
            &long,
        ] {
            assert!(passes(text), "{text:?}");
        }
    }

    #[test]
    fn what_two_servers_could_read_in_two_ways_is_made_unreadable() {
        let head = "POST / HTTP/1.1\r\nHost: h\r\n";
        for lines in [
            "X: y\n\r\n",
            "Content-Length: 4\r\n\n",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\ncontent-length: 4\r\n",
            "Content-Length: 4\r\nContent-Length: 4\r\n",
            "Content-Length: 4\r\nContent-Length: 5\r\n",
            "Content-Length: 4, 4\r\n",
            "Content-Length: +4\r\n",
            "Content-Length: -4\r\n",
            "Content-Length: 0x4\r\n",
            "Content-Length: 4 4\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        ] {
            assert!(!passes(&format!("{head}{lines}\r\n")), "{lines:?}");
            let behind =
                format!("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc{head}{lines}\r\n");
            assert!(!passes(&behind), "pipelined: {lines:?}");
        }
        let padded = format!("{head}Content-Length: {}4\r\n\r\n", " ".repeat(200));
        assert!(!passes(&padded), "too long to be looked at");
        assert!(!passes("GET / HTTP/1.1\nHost: h\r\n\r\n") && !passes("\nGET / HTTP/1.1\r\n\r\n"));
    }

    #[test]
    fn a_head_that_is_no_line_yet_takes_little_room() {
        let mut screen = Screen::default();
        for _ in 0..1000 {
            screen.look(&mut [b'x'; 100]);
        }
        assert!(screen.line.capacity() <= 2 * LOOK);
    }
}

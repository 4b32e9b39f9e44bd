//! Asks at the terminal for a passphrase that does not show.

use std::fs::File;
use std::io::{Read, Write};

use hubu_core::cipher::Zeroizing;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::CommandError;

/// Longer than anybody types.
const BYTES_MAX: usize = 1024;

/// Shows nothing of what is typed, and shows it again when it is dropped.
struct Silent<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn new(terminal: &'a File) -> std::io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        // Byte by byte, and Ctrl-C as a byte: a signal would leave the terminal silent.
        silent.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Drain, &self.before);
        let _ = writeln!(&mut &*self.terminal);
    }
}

/// A line from the controlling terminal, whatever the standard streams are.
pub(super) fn ask_passphrase(what: &str) -> Result<Zeroizing<String>, CommandError> {
    let terminal = File::options().read(true).write(true).open("/dev/tty");
    let terminal = terminal.map_err(|_| {
        CommandError::Usage(
            "a passphrase is wanted and there is no terminal to ask at: give --passphrase-file, --wrapping-key-file or HUBU_KEY_PASSPHRASE".into(),
        )
    })?;
    let mut typed = Zeroizing::new(Vec::with_capacity(BYTES_MAX));
    {
        let _silent = Silent::new(&terminal)?;
        write!(&mut &terminal, "{what}: ")?;
        read_line(&mut &terminal, &mut typed)?;
    }
    let text = std::str::from_utf8(&typed)
        .map_err(|_| CommandError::Usage("what was typed is not UTF-8".into()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Bytes up to the end of the line; backspace takes a character back.
fn read_line(from: &mut dyn Read, typed: &mut Zeroizing<Vec<u8>>) -> Result<(), CommandError> {
    let mut byte = [0];
    loop {
        if from.read(&mut byte)? == 0 {
            return Ok(());
        }
        match byte[0] {
            b'\n' | b'\r' | 0x04 => return Ok(()),
            0x03 => return Err(CommandError::Usage("broken off".into())),
            0x08 | 0x7f => {
                // The bytes behind a first one of UTF-8 go with it.
                while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            _ if typed.len() == BYTES_MAX => {
                let text = format!("a passphrase has at most {BYTES_MAX} bytes");
                return Err(CommandError::Usage(text));
            }
            other => typed.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> Result<String, String> {
        let mut typed = Zeroizing::new(Vec::new());
        let done = read_line(&mut &*bytes, &mut typed).map_err(|error| error.to_string());
        done.map(|()| String::from_utf8(typed.to_vec()).unwrap())
    }

    #[test]
    fn a_line_is_read_as_it_was_meant() {
        assert_eq!(typed(b"words\nmore").unwrap(), "words");
        assert_eq!(typed("户部\x7f\x7f\x7fhubu\r".as_bytes()).unwrap(), "hubu");
        assert_eq!(typed("a户\x08b".as_bytes()).unwrap(), "ab");
        assert_eq!(typed(b"half a wor\x03").unwrap_err(), "broken off");
        assert!(typed(&[b'x'; BYTES_MAX + 1]).is_err());
    }
}

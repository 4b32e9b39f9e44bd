//! Random bytes from the system's generator, for keys and nonces alone: decisions never see them.

use super::CipherError;

/// Fills `bytes` from the system's generator; waits for it right after a machine's start.
///
/// # Errors
/// [`CipherError::Random`]: the system call failed.
pub fn fill_random(bytes: &mut [u8]) -> Result<(), CipherError> {
    let mut filled = 0;
    while filled < bytes.len() {
        let flags = rustix::rand::GetRandomFlags::empty();
        match rustix::rand::getrandom(&mut bytes[filled..], flags) {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(CipherError::Random(error.to_string())),
        }
    }
    Ok(())
}

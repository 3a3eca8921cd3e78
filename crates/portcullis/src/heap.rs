//! When freed memory goes back to the system.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// For how many milliseconds the allocator keeps memory that nothing is in.
const KEPT_FOR: &str = "MIMALLOC_PURGE_DELAY";

/// Has the allocator give memory back as soon as nothing is in it; by itself it waits for an occasion, and the
/// 19 MiB that a password's hash needs would stay until then. It takes its options from the environment alone, and before
/// `main`: so the program is started once more, as the same process. Who has set the option keeps it.
pub fn give_back_at_once() {
    if std::env::var_os(KEPT_FOR).is_some() {
        return;
    }
    let mut args = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), args.next()) else { return };
    // This comes back only if it failed. Then the program goes on as it is, with more memory.
    let _failed = Command::new(program).arg0(name).args(args).env(KEPT_FOR, "0").exec();
}

//! The one executable. Everything it does is in the library; see `cli`.

fn main() -> std::process::ExitCode {
    dialogengine::cli::main()
}

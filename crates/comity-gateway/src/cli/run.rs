//! From a command line to its exit status.
//!
//! Commands about a gateway go through its socket while it serves; else they take the lock on DIR and run here,
//! by the same code. The others need no gateway.

use super::out::{Exit, Out};
use super::{
    Audit, Cli, Command, Key, Law, Log, Officer, Place, Taxii, Token, Vault, Webhook, audit, convert, demo,
    detect, doctor, keep, key, law, manual, minimise, office, prove, serve,
};
use crate::dirs::{Directory, DirectoryError};
use crate::gateway::{Gateway, GatewayError};
use crate::socket::{self, Bytes, CommandReply, CommandRequest, Handler};
use clap::Parser as _;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// The most that is read from standard input: a bundle at its bound.
const STDIN_BYTES_MAX: u64 = 128 << 20;

/// Runs the command of this process.
pub async fn run(cli: Cli, out: &mut Out<'_>) -> Exit {
    let cwd = match std::env::current_dir() {
        Ok(cwd) => cwd,
        Err(error) => return out.bad_input(format!("the working directory cannot be read: {error}")),
    };
    match &cli.command {
        Command::Audit(Audit::Verify(args)) => {
            tokio::task::block_in_place(|| audit::verify(args, cli.json, out))
        }
        Command::Audit(Audit::Receipt(args)) => audit::receipt(args, cli.json, out),
        Command::Demo(args) => demo::run(args, cli.json, &cwd, out).await,
        Command::Init(args) => office::init(args, cli.json, out).await,
        Command::Serve(args) => serve::run(args, out).await,
        Command::Law(Law::Try(args)) => law::try_cases(args, cli.json, &cwd, out),
        Command::Law(Law::Check(args)) => law::check(args, cli.json, &cwd, out),
        Command::Law(Law::Show(args)) => law::show(args, cli.json, &cwd, out),
        Command::Law(Law::Diff(args)) => match &args.dir {
            Some(dir) => {
                let place = Place { dir: dir.clone(), keys: args.keys.clone() };
                locally_at(&place, &cli, &cwd, out).await
            }
            None => law::differ(args, cli.json, &cwd, out),
        },
        Command::Law(Law::Explain(args)) => law::explain(args, cli.json, &cwd, out),
        Command::Law(Law::Prove(args)) => prove::run(&args.words(), cli.json, &cwd, out),
        Command::Law(Law::Compare(args)) => prove::run(&args.words(), cli.json, &cwd, out),
        Command::Law(Law::Recognise(args)) => prove::run(&args.words(), cli.json, &cwd, out),
        Command::Law(Law::Exchange(args)) => prove::run(&args.words(), cli.json, &cwd, out),
        Command::Restore(args) => keep::restore(args, cli.json, &cwd, out),
        Command::Log(Log::Succeed(place)) => match apart(place) {
            Ok(directory) => key::log(&directory, false, cli.json, out),
            Err(error) => out.bad_input(error),
        },
        Command::Key(Key::Rotate(args)) => match apart(&args.place) {
            Ok(directory) => match key::rotate_apart(args, &directory, cli.json, out).await {
                Some(exit) => exit,
                None => locally(&cli, &cwd, out).await,
            },
            Err(error) => out.bad_input(error),
        },
        Command::Completions(args) => manual::completions(args, out),
        Command::Man(args) => manual::manual(args, &cwd, out),
        Command::Minimise(args) => minimise::run(args, cli.json, &cwd, out),
        Command::Import(args) => convert::import(args, cli.json, &cwd, out),
        Command::Export(args) => convert::export(args, cli.json, &cwd, out),
        Command::Detect(args) => tokio::task::block_in_place(|| detect::run(args, &cwd, out)),
        _ => locally(&cli, &cwd, out).await,
    }
}

/// The directories of a gateway, for commands that work on these alone.
fn apart(place: &Place) -> Result<Directory, DirectoryError> {
    Directory::open(&place.dir, place.keys.as_deref())
}

/// The gateway that a command is about; `None` when it is about none.
fn place(command: &Command) -> Option<&Place> {
    match command {
        Command::Officer(Officer::Add(args)) => Some(&args.place),
        Command::Identity(place) | Command::Log(Log::Key(place)) => Some(place),
        Command::Peer(command) => Some(command.place()),
        Command::Law(Law::Adopt(args)) => Some(&args.place),
        Command::Share(args) => Some(&args.place),
        Command::Taxii(Taxii::Collections(place)) => Some(place),
        Command::Taxii(Taxii::Add(args)) => Some(&args.place),
        Command::Taxii(Taxii::End(args)) => Some(&args.place),
        Command::Taxii(Taxii::Import(args)) => Some(&args.place),
        Command::Log(Log::Receipt(args)) => Some(&args.place),
        Command::Officer(Officer::Revoke(args)) => Some(&args.place),
        Command::Token(Token::Add(args)) => Some(&args.place),
        Command::Token(Token::List(place)) => Some(place),
        Command::Token(Token::End(args)) => Some(&args.place),
        Command::Webhook(Webhook::Add(args)) => Some(&args.place),
        Command::Webhook(Webhook::List(place)) => Some(place),
        Command::Webhook(Webhook::End(args) | Webhook::Resume(args)) => Some(&args.place),
        Command::Officer(Officer::Delegate(args)) => Some(&args.place),
        Command::Approvals(place) | Command::Doctor(place) => Some(place),
        Command::Approve(args) => Some(&args.place),
        Command::Recall(args) => Some(&args.place),
        Command::Recalls(args) => Some(&args.place),
        Command::Match(args) => Some(&args.place),
        Command::Key(Key::List(place)) => Some(place),
        Command::Key(Key::Rotate(args)) => Some(&args.place),
        Command::Backup(args) => Some(&args.place),
        Command::Audit(Audit::Replay(args)) => Some(&args.place),
        Command::Audit(Audit::Obligations(place) | Audit::Requests(place) | Audit::Deletion(place)) => {
            Some(place)
        }
        Command::Audit(Audit::Corrected(args)) => Some(&args.place),
        Command::Subject(command) => Some(command.place()),
        Command::Mandate(command) => Some(command.place()),
        Command::Notice(command) => Some(command.place()),
        Command::Vault(Vault::Show(place)) => Some(place),
        Command::Vault(Vault::Sweep(args)) => Some(&args.place),
        Command::Vault(Vault::Erase(args)) => Some(&args.place),
        Command::Vault(Vault::Review(args)) => Some(&args.place),
        Command::Vault(Vault::Read(args)) => Some(&args.of.place),
        Command::Vault(Vault::Export(args)) => Some(&args.of.place),
        Command::Vault(Vault::Unmask(args)) => Some(&args.of.place),
        Command::Vault(Vault::Approve(args)) => Some(&args.of.place),
        Command::Vault(Vault::View(args)) => Some(&args.place),
        Command::Audit(Audit::Uses(args)) => Some(&args.place),
        Command::Hold(command) => Some(command.place()),
        _ => None,
    }
}

/// Whether the command reads standard input.
fn reads_stdin(command: &Command) -> bool {
    match command {
        Command::Officer(Officer::Add(_)) => true,
        Command::Share(args) => args.file == Path::new("-"),
        Command::Match(args) => args.file == Path::new("-"),
        Command::Subject(command) => command.reads_stdin(),
        Command::Notice(command) => command.reads_stdin(),
        _ => false,
    }
}

async fn locally(cli: &Cli, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let Some(place) = place(&cli.command) else { return out.bad_input("this command needs no gateway") };
    locally_at(place, cli, cwd, out).await
}

async fn locally_at(place: &Place, cli: &Cli, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let directory = match Directory::open(&place.dir, place.keys.as_deref()) {
        Ok(directory) => directory,
        Err(error) => return out.bad_input(error),
    };
    let mut stdin = None;
    if reads_stdin(&cli.command) {
        let mut bytes = Vec::new();
        if let Err(error) = std::io::stdin().take(STDIN_BYTES_MAX).read_to_end(&mut bytes) {
            return out.bad_input(format!("standard input: {error}"));
        }
        stdin = Some(bytes);
    }
    let request = CommandRequest {
        command: std::env::args().skip(1).collect(),
        stdin: stdin.clone().map(Bytes),
        cwd: cwd.to_owned(),
    };
    match socket::call(&directory.socket(), &request).await {
        Ok(Some(reply)) => {
            out.raw(&reply.stdout.0);
            let said = String::from_utf8_lossy(&reply.stderr.0);
            if !said.is_empty() {
                out.note(said.trim_end());
            }
            return match reply.exit {
                0 => Exit::Done,
                1 => Exit::Refused,
                _ => Exit::BadInput,
            };
        }
        Ok(None) => {}
        Err(error) => return out.bad_input(error),
    }
    let gateway = match Gateway::open(directory.clone()).await {
        Ok(gateway) => gateway,
        Err(error @ GatewayError::Store(_)) if matches!(cli.command, Command::Doctor(_)) => {
            return doctor::closed(&directory, &error, cli.json, out);
        }
        Err(error) => return out.bad_input(error),
    };
    let exit = office::command(&gateway, cli, stdin, cwd, out).await;
    gateway.finish().await;
    exit
}

/// Runs the commands that come through the socket.
pub struct Local(pub Arc<Gateway>);

impl Handler for Local {
    async fn run(&self, request: CommandRequest) -> CommandReply {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let exit = {
            let mut out = Out::to(&mut stdout, &mut stderr);
            let arguments = std::iter::once("comity".to_owned()).chain(request.command);
            match Cli::try_parse_from(arguments) {
                Ok(cli) => {
                    let stdin = request.stdin.map(|bytes| bytes.0);
                    let exit = office::command(&self.0, &cli, stdin, &request.cwd, &mut out).await;
                    // What a command says it did can be verified in DIR/log when it says so.
                    self.0.finish().await;
                    exit
                }
                Err(error) => out.bad_input(error),
            }
        };
        CommandReply { exit: exit.status(), stdout: Bytes(stdout), stderr: Bytes(stderr) }
    }
}

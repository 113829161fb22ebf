use super::*;
use crate::watch::stopping;

/// Says back what it was given.
struct Echo;

impl Handler for Echo {
    async fn run(&self, request: CommandRequest) -> CommandReply {
        if request.command == ["slow"] {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let text = format!("{} in {}", request.command.join(" "), request.cwd.display());
        let stdin = request.stdin.unwrap_or_default();
        CommandReply { exit: 1, stdout: Bytes(text.into_bytes()), stderr: stdin }
    }
}

fn request(command: &str, stdin: Option<&[u8]>) -> CommandRequest {
    CommandRequest {
        command: command.split(' ').map(str::to_owned).collect(),
        stdin: stdin.map(|bytes| Bytes(bytes.to_vec())),
        cwd: "/somewhere".into(),
    }
}

#[tokio::test]
async fn a_command_goes_there_and_its_outcome_comes_back() {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("comity.sock");
    let (stopper, stop) = stopping();
    let serving = tokio::spawn(serve(bind(&path).unwrap(), Arc::new(Echo), stop));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let reply = call(&path, &request("officer add", Some(b"\xff\n"))).await.unwrap().unwrap();
    assert_eq!(reply.exit, 1);
    assert_eq!(reply.stdout.0, b"officer add in /somewhere");
    assert_eq!(reply.stderr.0, b"\xff\n");
    stopper.stop();
    serving.await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn no_one_there_is_not_an_error_also_where_a_crash_left_a_socket() {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("comity.sock");
    assert_eq!(call(&path, &request("log key", None)).await.unwrap(), None);
    drop(bind(&path).unwrap());
    assert!(path.exists());
    assert_eq!(call(&path, &request("log key", None)).await.unwrap(), None);
    let (_stopper, stop) = stopping();
    tokio::spawn(serve(bind(&path).unwrap(), Arc::new(Echo), stop));
    assert!(call(&path, &request("log key", None)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_silent_sender_holds_no_other_up_and_nonsense_is_answered() {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("comity.sock");
    let (_stopper, stop) = stopping();
    tokio::spawn(serve(bind(&path).unwrap(), Arc::new(Echo), stop));
    let _silent = UnixStream::connect(&path).await.unwrap();
    let mut nonsense = UnixStream::connect(&path).await.unwrap();
    nonsense.write_all(b"\0\0\0\x02{}").await.unwrap();
    let reply = receive(&mut nonsense, REPLY_BYTES_MAX).await.unwrap();
    let reply: CommandReply = serde_json::from_slice(&reply).unwrap();
    assert_eq!(reply.exit, 2);
    assert!(String::from_utf8(reply.stderr.0).unwrap().contains("not a command"));
    let mut endless = UnixStream::connect(&path).await.unwrap();
    endless.write_all(&[0xff; 8]).await.unwrap();
    assert!(receive(&mut endless, REPLY_BYTES_MAX).await.is_err(), "cut off at the announced length");
}

#[tokio::test]
async fn stopping_waits_for_the_command_under_way() {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("comity.sock");
    let (stopper, stop) = stopping();
    let serving = tokio::spawn(serve(bind(&path).unwrap(), Arc::new(Echo), stop));
    let slow_path = path.clone();
    let slow = tokio::spawn(async move { call(&slow_path, &request("slow", None)).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    stopper.stop();
    assert_eq!(slow.await.unwrap().unwrap().unwrap().exit, 1);
    serving.await.unwrap();
}

#[test]
fn debug_tells_lengths_only() {
    let text = format!("{:?}", request("officer add --password-stdin", Some(b"correct horse")));
    assert_eq!(text, "command of 3 arguments, input Some(13 bytes)");
}

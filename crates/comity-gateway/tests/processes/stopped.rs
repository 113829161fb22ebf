//! A gateway whose store takes nothing any more ends by itself, says why, and goes on where it was once it is started
//! again.

use crate::place::{Place, anywhere};
use comity_store::{FileMark, Mark, MarkFile as _};
use comity_tlog::{Hash, TreeSize};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_whose_mark_is_in_doubt_ends_and_says_so() {
    let room = tempfile::tempdir().unwrap();
    let place = Place::at(room.path(), "EE");
    place.run(&["init", "--jurisdiction", "EE", "--authority", "An authority"], "");
    let node = place.serve(None, anywhere());
    assert!(node.get("/health").starts_with("HTTP/1.1 200"));

    // Somebody else has signed what this gateway is about to sign.
    let path = place.keys.join("mark");
    let mut file = FileMark::open(&path).unwrap();
    let mark = file.read().unwrap().unwrap();
    let other = Mark { size: TreeSize(mark.size.0 + 1), root: Hash([7; 32]), ..mark.clone() };
    file.write(&other).unwrap();
    let words = ["officer", "add", "--name", "mets", "--role", "analyst", "--training-until", "2099-01-01"];
    let words = [&words[..], &["--password-stdin"]].concat();
    let reply = place.tell(&words, Some(b"a long enough password\n")).await.expect("whoever waits is told");
    let told = String::from_utf8(reply.stderr.0).unwrap();
    assert!(reply.exit != 0 && told.contains("the high-water mark is in doubt"), "{told}");

    let (status, said) = node.ended();
    assert_eq!(status.code(), Some(3), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("error: the gateway has stopped: ") && last.contains("in doubt"), "{last}");
    assert!(!said.contains("mets"), "nobody is named: {said}");

    // What stands on the disk decides: the other tree is signed, so nothing is appended to this one.
    let refused = place.try_serve(None, anywhere()).err().unwrap();
    assert!(refused.contains("comity log succeed"), "{refused}");
    std::fs::remove_file(&path).unwrap();
    FileMark::open(&path).unwrap().write(&mark).unwrap();
    let node = place.serve(None, anywhere());
    assert!(node.get("/ready").starts_with("HTTP/1.1 200"));
    node.stop();
}

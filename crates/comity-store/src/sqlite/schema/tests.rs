use super::*;

fn database() -> Connection {
    Connection::open_in_memory().unwrap()
}

/// What was merged. A step may be added here; a line that is here may not change.
const MERGED: &[&str] = &[
    include_str!("../../../migrations/0001_first.sha256"),
    include_str!("../../../migrations/0002_chain.sha256"),
    include_str!("../../../migrations/0003_erasure.sha256"),
    include_str!("../../../migrations/0004_succession.sha256"),
    include_str!("../../../migrations/0005_escalation.sha256"),
    include_str!("../../../migrations/0006_collected.sha256"),
    include_str!("../../../migrations/0007_tokens.sha256"),
    include_str!("../../../migrations/0008_first_entry.sha256"),
    include_str!("../../../migrations/0009_webhooks.sha256"),
    include_str!("../../../migrations/0010_recall.sha256"),
    include_str!("../../../migrations/0011_subjects.sha256"),
    include_str!("../../../migrations/0012_matching.sha256"),
    include_str!("../../../migrations/0013_opt_outs.sha256"),
    include_str!("../../../migrations/0014_notices.sha256"),
    include_str!("../../../migrations/0015_use_and_holds.sha256"),
    include_str!("../../../migrations/0016_effects.sha256"),
    include_str!("../../../migrations/0017_restricted_records.sha256"),
    include_str!("../../../migrations/0018_removals.sha256"),
    include_str!("../../../migrations/0019_ended.sha256"),
];

#[test]
fn merged_steps_are_never_edited() {
    let digests: Vec<String> =
        MIGRATIONS.iter().map(|step| Digest::of(step.as_bytes()).to_string()).collect();
    let merged: Vec<&str> = MERGED.iter().map(|digest| digest.trim()).collect();
    assert_eq!(digests, merged);
}

#[test]
fn a_step_is_done_once() {
    let mut connection = database();
    migrate(&mut connection).unwrap();
    migrate(&mut connection).unwrap();
    let steps: u32 = connection.query_row("SELECT count(*) FROM schema_version", [], |r| r.get(0)).unwrap();
    assert_eq!(steps as usize, MIGRATIONS.len());
}

#[test]
fn a_database_of_another_making_is_refused() {
    let mut connection = database();
    migrate(&mut connection).unwrap();
    connection.execute("UPDATE schema_version SET digest = zeroblob(32)", []).unwrap();
    let refused = migrate(&mut connection).unwrap_err().to_string();
    assert_eq!(refused, "step 1 of the schema is not the one known here");
}

#[test]
fn a_database_of_a_later_program_is_refused() {
    let mut connection = database();
    migrate(&mut connection).unwrap();
    let known = MIGRATIONS.len();
    connection.execute("INSERT INTO schema_version VALUES (?1, zeroblob(32))", [known as i64 + 1]).unwrap();
    let refused = migrate(&mut connection).unwrap_err().to_string();
    assert_eq!(refused, format!("the database has schema {}, this program knows {known}", known + 1));
}

#[test]
fn every_table_is_strict() {
    let mut connection = database();
    migrate(&mut connection).unwrap();
    let lax: u32 = connection
        .query_row("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'", [], |r| r.get(0))
        .unwrap();
    assert_eq!(lax, 0);
}

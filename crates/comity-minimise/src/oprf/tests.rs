use super::*;

fn name(text: &str) -> Digest {
    Digest::of_parts("a test", &[b"key", text.as_bytes()])
}

fn under(info: &str) -> Remembering {
    Remembering::derive(&[7; 32], &Digest::of(info.as_bytes()), [0; OUTPUT_LENGTH]).expect("a scalar")
}

#[test]
fn the_oprf_is_that_of_rfc_9497() {
    // Appendix A.1.1, test vector 1: ristretto255-SHA512, mode 0x00. A partner's blinded question is answered by the same.
    let server = OprfServer::<Ristretto255>::new_from_seed(&[0xa3; 32], b"test key").expect("a key");
    let output = server.evaluate(&[0]).expect("an output");
    let hex: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "527759c3d9366f277d8c6020418d96bb393ba2afb20ff90df23fb7708264e2f3ab9135e3bd69955851de4b1f9fe8a0973396719b7912ba9ee8aa7d0b5e24bcf6"
    );
}

#[test]
fn outputs_are_remembered_by_digests_and_no_value_is() {
    let (known, fresh) = (under("2026"), under("2026"));
    let values: Vec<String> = (0..40).map(|n| format!("person{n}@example.org")).collect();
    for value in values.iter().chain(&values) {
        let output = known.evaluate(name(value), value.as_bytes());
        assert_eq!(output, fresh.evaluate(name(value), value.as_bytes()), "the same as made anew");
        assert_ne!(output, under("2027").evaluate(name(value), value.as_bytes()));
    }
    assert_eq!(known.outputs.lock().expect("one thread").len(), 40);
    let held = format!("{:?}", known.outputs.lock().expect("one thread"));
    assert!(!held.contains("example.org"), "digests only");
}

#[test]
fn what_is_remembered_is_bounded() {
    let oprf = under("2026");
    let held = |n: u32| Digest::of(&n.to_be_bytes());
    let full: HashMap<_, _> = (0..REMEMBERED_MAX as u32).map(|n| (held(n), [0; OUTPUT_LENGTH])).collect();
    *oprf.outputs.lock().expect("one thread") = full;
    let output = oprf.evaluate(name("anna"), b"anna");
    assert_eq!(oprf.outputs.lock().expect("one thread").len(), 1);
    assert_eq!(oprf.evaluate(name("anna"), b"anna"), output);
}

#[test]
fn what_is_too_long_comes_to_nothing() {
    let nothing = Remembering::derive(&[7; 32], &Digest::of(b"2026"), [9; OUTPUT_LENGTH]).expect("a scalar");
    assert_eq!(nothing.evaluate(name("long"), &vec![1; 70_000]), [9; OUTPUT_LENGTH]);
}

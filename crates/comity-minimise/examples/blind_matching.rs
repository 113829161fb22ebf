//! What blind matching costs: a set made ready, and values asked of it, in both modes of RFC 9497. See `bench/matching.py`.
//!
//! ```text
//! blind_matching HELD ASKED THREADS     counts; prints one JSON object, times in seconds
//! ```

use comity_minimise::matching::{BATCH, Blinded, Elements, Filter, MatchKey, MatchValue};
use rand_core::RngCore;
use std::collections::BTreeSet;
use std::time::Instant;
use voprf::{BlindedElement, OprfClient, OprfServer, Ristretto255};

/// A generator for measuring, which guards nothing: the operating system's is not what is measured.
struct Drawn(u64);

impl RngCore for Drawn {
    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        for part in out.chunks_mut(8) {
            part.copy_from_slice(&self.next_u64().to_le_bytes()[..part.len()]);
        }
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

impl rand_core::CryptoRng for Drawn {}

fn number(argument: Option<String>, or: usize) -> usize {
    argument.and_then(|argument| argument.parse().ok()).unwrap_or(or)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (held, asked) = (number(arguments.next(), 100_000), number(arguments.next(), 100));
    let threads = number(arguments.next(), 1).max(1);
    let value = |number: usize| MatchValue::new(&format!("host{number}.example")).expect("a value");
    // Every second value that is asked about is held.
    let wanted: Vec<MatchValue> = (0..asked).map(|n| value(if n % 2 == 0 { n } else { held + n })).collect();
    let mut drawn = Drawn(7);
    let mut fill = |out: &mut [u8]| drawn.fill_bytes(out);

    let key = MatchKey::derive(&[7; 32], &["bench"]).expect("a scalar");
    let values: Vec<MatchValue> = (0..held).map(value).collect();
    let began = Instant::now();
    let tags: BTreeSet<u64> = std::thread::scope(|scope| {
        let parts = values.chunks(held.div_ceil(threads).max(1));
        let key = &key;
        let working: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter().filter_map(|v| key.tag(v)).collect::<Vec<_>>()))
            .collect();
        working.into_iter().flat_map(|part| part.join().expect("no panic")).collect()
    });
    let setup_tags = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let bytes = Filter::build(tags, &mut fill).expect("a filter").to_bytes();
    let setup_filter = began.elapsed().as_secs_f64();
    let filter = Filter::from_bytes(&bytes).expect("it reads back");

    // Verified, as gateways do it: whole batches.
    let (mut verified, mut matched, mut request, mut response) = (f64::MAX, 0, 0, 0);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        (matched, request, response) = (0, 0, 0);
        for chunk in wanted.chunks(BATCH) {
            let chunk: Vec<&MatchValue> = chunk.iter().collect();
            let blinded = Blinded::draw(&chunk, &mut fill).expect("a batch");
            let elements = Elements::parse(blinded.bytes()).expect("elements");
            let (evaluated, proof) = key.evaluate(&elements, &mut fill).expect("evaluated");
            let found = blinded.finish(&key.public(), &evaluated, &proof).expect("proved");
            matched += found.into_iter().filter(|tag| filter.contains(*tag)).count();
            request += blinded.bytes().len();
            response += evaluated.len() + proof.len();
        }
        verified = verified.min(began.elapsed().as_secs_f64());
    }
    assert_eq!(matched, asked.div_ceil(2), "every second one");

    // Base mode, without filling and proof: what the library beside it does.
    let server = OprfServer::<Ristretto255>::new_from_seed(&[7; 32], b"bench").expect("a scalar");
    let texts: Vec<String> = (0..asked).map(|n| format!("host{n}.example")).collect();
    let mut base = f64::MAX;
    let mut drawn = Drawn(9);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for text in &texts {
            let blinded = OprfClient::<Ristretto255>::blind(text.as_bytes(), &mut drawn).expect("blinded");
            let sent = blinded.message.serialize();
            let got = BlindedElement::<Ristretto255>::deserialize(&sent).expect("an element");
            let evaluated = server.blind_evaluate(&got);
            let output = blinded.state.finalize(text.as_bytes(), &evaluated).expect("an output");
            std::hint::black_box(filter.contains(u64::from(output[0])));
        }
        base = base.min(began.elapsed().as_secs_f64());
    }
    let told = serde_json::json!({
        "held": held, "asked": asked, "threads": threads,
        "setup_tags_s": setup_tags, "setup_filter_s": setup_filter,
        "base_s": base, "verified_s": verified,
        "filter_bytes": bytes.len(), "request_bytes": request, "response_bytes": response,
    });
    #[expect(clippy::print_stdout, reason = "this is what it is for")]
    {
        println!("{told}");
    }
}

/// The best of so many counts: others work on the machine too.
const ROUNDS: usize = 7;

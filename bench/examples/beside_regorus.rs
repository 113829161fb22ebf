//! The same rules in Cedar and in Rego, on the same question, in one run:
//! `cargo run --release -p comity-bench --features regorus --example beside_regorus`.
//!
//! Three laws are asked about one class of facts. Their rules are translated into Rego as they stand, one clause a
//! rule; both must find the same rules matching, or nothing is measured. Regorus answers in its interpreter and in its
//! register machine, from facts that it was given ready made; the engine here starts from the question: it checks the
//! facts, works out the derived ones, asks, instantiates duties with their dates and joins safeguards.

use comity_agreement::pack::{Pack, Rule, RuleEffect};
use comity_agreement::question::value_json;
use comity_agreement::{LawSet, Library, Question, Setting, decide, seen_by_rules, shipped};
use comity_terms::PackSlug;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};
use serde_json::Value as Json;
use shared::{AGREEMENT, laws, question};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

#[path = "../../crates/comity-agreement/examples/shared/mod.rs"]
mod shared;

type Tested<T> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 10_000;
const ENTRY: &str = "data.law.matched";

fn main() -> Tested<()> {
    let mut library = Library::open(shipped())?;
    let laws = laws(&mut library, &AGREEMENT.parse()?)?;
    let question = question(&laws)?;
    let setting = Setting::live(true);

    let mut rego = Rego::default();
    let rules = asked(&laws, &question);
    for rule in &rules {
        rego.rule(rule)?;
    }
    let mut engine = Engine::new();
    engine.add_policy("law.rego".to_owned(), rego.text())?;
    let facts: BTreeMap<String, Json> = seen_by_rules(&laws, &question, &setting)?
        .into_iter()
        .map(|(key, value)| (key.to_string(), value_json(&value)))
        .collect();
    let input = serde_json::json!({
        "facts": facts,
        "approvals": [],
        "principal": question.receiving.as_str(),
        "resource": question.sending.as_str(),
    });
    let input = Value::from_json_str(&input.to_string())?;
    let program =
        Compiler::compile_from_policy(&engine.compile_with_entrypoint(&Rc::from(ENTRY))?, &[ENTRY])?;
    let mut machine = RegoVM::new();
    machine.load_program(program);
    machine.set_data(Value::new_object())?;
    machine.set_input(input.clone());
    engine.set_input(input.clone());

    let ours: BTreeSet<String> = decide(&laws, &question, &setting)?
        .citations
        .iter()
        .map(|citation| citation.rule.to_string())
        .filter(|rule| rules.iter().any(|asked| asked.id.as_str() == rule))
        .collect();
    for (name, theirs) in
        [("interpreter", engine.eval_rule(ENTRY.to_owned())?), ("machine", machine.execute()?)]
    {
        let theirs: BTreeSet<String> = serde_json::from_str(&theirs.to_string())?;
        if theirs != ours {
            return Err(format!("the {name} of Regorus matches {theirs:?}, and Cedar {ours:?}").into());
        }
    }

    let cedar = measure(|| Ok(drop(black_box(decide(&laws, &question, &setting)?))))?;
    let interpreter = measure(|| {
        engine.set_input(input.clone());
        black_box(engine.eval_rule(ENTRY.to_owned())?);
        Ok(())
    })?;
    let machine = measure(|| {
        machine.set_input(input.clone());
        black_box(machine.execute()?);
        Ok(())
    })?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} rules of three laws, {} of them match, in all engines the same",
        rules.len(),
        ours.len()
    )?;
    for (name, took) in [
        ("here, question to decision", cedar),
        ("Regorus, register machine, matching alone", machine),
        ("Regorus, interpreter, matching alone", interpreter),
    ] {
        let ratio = took.as_secs_f64() / cedar.as_secs_f64();
        writeln!(out, "{name:<44} {took:>10.1?} p50  {ratio:>6.2}")?;
    }
    Ok(())
}

/// The rules that a question asks: each pack once; of what is included no permits.
fn asked<'l>(laws: &'l LawSet, question: &Question) -> Vec<&'l Rule> {
    let all = std::iter::once(&laws.agreement).chain(laws.national.values());
    let packs = all
        .flat_map(|law| std::iter::once((false, law.pack())).chain(law.includes().map(|pack| (true, pack))));
    let mut told: BTreeSet<&PackSlug> = BTreeSet::new();
    let packs: Vec<(bool, &Pack)> = packs.filter(|(_, pack)| told.insert(&pack.slug)).collect();
    let rules =
        packs.into_iter().flat_map(|(included, pack)| pack.rules().iter().map(move |rule| (included, rule)));
    rules
        .filter(|(included, rule)| !(*included && rule.effect == RuleEffect::Permit))
        .map(|(_, rule)| rule)
        .filter(|rule| rule.actions.contains(&question.action))
        .collect()
}

/// Rules as they become a module of Rego.
#[derive(Default)]
struct Rego {
    module: String,
    helpers: usize,
}

impl Rego {
    fn text(self) -> String {
        format!("package law\n\n{}", self.module)
    }

    fn rule(&mut self, rule: &Rule) -> Tested<()> {
        let policy = rule.policy().to_json()?;
        let mut body = Vec::new();
        for end in ["principal", "resource"] {
            if let Some(id) = policy[end]["entity"]["id"].as_str() {
                body.push(format!("input.{end} == {}", Json::from(id)));
            }
        }
        for condition in policy["conditions"].as_array().into_iter().flatten() {
            let stated = self.literal(&condition["body"])?;
            body.push(if condition["kind"] == "when" {
                stated
            } else {
                format!("not {}", self.helper(&[stated]))
            });
        }
        let body = if body.is_empty() { "true".to_owned() } else { body.join("; ") };
        writeln!(self.module, "matched contains {} if {{ {body} }}", Json::from(rule.id.as_str()))?;
        Ok(())
    }

    /// A rule of its own that holds where one of the bodies does.
    fn helper(&mut self, bodies: &[String]) -> String {
        let name = format!("h{}", self.helpers);
        self.helpers += 1;
        for body in bodies {
            self.module.push_str(&format!("{name} if {{ {body} }}\n"));
        }
        name
    }

    /// An expression as a literal of a body.
    fn literal(&mut self, json: &Json) -> Tested<String> {
        let (operator, args) = json.as_object().and_then(|o| o.iter().next()).ok_or("no expression")?;
        Ok(match operator.as_str() {
            "&&" => format!("{}; {}", self.literal(&args["left"])?, self.literal(&args["right"])?),
            "||" => {
                let bodies = [self.literal(&args["left"])?, self.literal(&args["right"])?];
                self.helper(&bodies)
            }
            "!" => {
                let body = self.literal(&args["arg"])?;
                format!("not {}", self.helper(&[body]))
            }
            "has" => format!("input.facts.{} != null", args["attr"].as_str().ok_or("no attribute")?),
            "." => format!("{} == true", value(json)?),
            "contains" => format!("{} in {}", value(&args["right"])?, value(&args["left"])?),
            // No entity has parents: what is in another is that one.
            "in" if args["right"].get("Set").is_some() => {
                format!("{} in {}", value(&args["left"])?, value(&args["right"])?)
            }
            "in" => format!("{} == {}", value(&args["left"])?, value(&args["right"])?),
            "containsAll" => {
                format!(
                    "every member in {} {{ member in {} }}",
                    value(&args["right"])?,
                    value(&args["left"])?
                )
            }
            "containsAny" => {
                self.helpers += 1;
                let (set, items) = (value(&args["left"])?, value(&args["right"])?);
                format!("some member{0} in {items}; member{0} in {set}", self.helpers)
            }
            "isEmpty" => format!("count({}) == 0", value(&args["arg"])?),
            "==" | "!=" | "<" | "<=" | ">" | ">=" => {
                format!("{} {operator} {}", value(&args["left"])?, value(&args["right"])?)
            }
            "Value" => value(json)?,
            other => return Err(format!("`{other}` has no translation").into()),
        })
    }
}

fn value(json: &Json) -> Tested<String> {
    let (kind, content) = json.as_object().and_then(|o| o.iter().next()).ok_or("no value")?;
    Ok(match kind.as_str() {
        "." => match content["attr"].as_str().ok_or("no attribute")? {
            "approvals" => "input.approvals".to_owned(),
            attribute => format!("input.facts.{attribute}"),
        },
        "Var" => format!("input.{}", content.as_str().ok_or("no variable")?),
        "Value" => content["__entity"].get("id").unwrap_or(content).to_string(),
        "Set" => {
            let items: Vec<String> =
                content.as_array().into_iter().flatten().map(value).collect::<Tested<_>>()?;
            format!("{{{}}}", items.join(", "))
        }
        other => return Err(format!("`{other}` is no value").into()),
    })
}

/// The median of `ROUNDS` runs.
fn measure(mut run: impl FnMut() -> Tested<()>) -> Tested<Duration> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        run()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[ROUNDS / 2])
}

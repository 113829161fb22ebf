//! The solver: cvc5 in a process of its own, asked through Cedar's symbolic compiler.
//!
//! Owns the process and the reading of its models. What it finds is a claim until the engine has answered the same
//! question: see `replay`.

use crate::environment::{Environment, Read};
use cedar_policy::{EvalResult, Policy, PolicySet};
use cedar_policy_symcc::err::Error as SymccError;
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};
use std::collections::{BTreeMap, BTreeSet};

/// How long one question may take, in milliseconds; past it the answer is unknown. Per question: a limit on the whole
/// process would end it while it waits.
const LIMIT: &str = "--tlimit-per=60000";

/// Why the solver gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SolverError {
    /// It is not there.
    #[error("cvc5 cannot be run: {0} (Debian: apt-get install cvc5)")]
    Absent(String),
    /// It could not tell, or was asked what it does not understand.
    #[error("the solver could not tell: {0}")]
    Unknown(String),
}

/// What the solver found: what rules would see of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Who asks or receives.
    pub receiving: String,
    /// Where the data is.
    pub sending: String,
    /// The offices that approved.
    pub approvals: BTreeSet<String>,
    /// The other attributes that are there.
    pub seen: BTreeMap<String, Sight>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// True or false.
    Truth(bool),
    /// A number.
    Number(i64),
    /// A word of a list, or a party.
    Word(String),
    /// Words of a list, or parties.
    Words(BTreeSet<String>),
}

/// A solver, started when it is first asked.
#[derive(Default)]
pub struct Solver {
    running: Option<Running>,
    /// How many questions it was asked.
    pub asked: usize,
}

/// A running one, with the thread of events that its pipes need.
struct Running {
    runtime: tokio::runtime::Runtime,
    compiler: CedarSymCompiler<LocalSolver>,
}

impl std::fmt::Debug for Solver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Solver").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Solver {
    /// Starts it, where it does not run yet.
    ///
    /// # Errors
    /// [`SolverError::Absent`] when there is none.
    pub fn start(&mut self) -> Result<(), SolverError> {
        self.running().map(drop)
    }

    fn running(&mut self) -> Result<&mut Running, SolverError> {
        let running = match self.running.take() {
            Some(running) => running,
            None => {
                let absent = |error: std::io::Error| SolverError::Absent(error.to_string());
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(absent)?;
                let compiler = start(&runtime)?;
                Running { runtime, compiler }
            }
        };
        Ok(self.running.insert(running))
    }

    /// A question that `allows` allows and `denies` does not; `None`: there is none, which is a proof.
    ///
    /// # Errors
    /// [`SolverError`].
    pub fn between(
        &mut self,
        environment: &Environment,
        read: &Read,
        allows: &PolicySet,
        denies: &PolicySet,
    ) -> Result<Option<Model>, SolverError> {
        let compile = |set| CompiledPolicySet::compile(set, &read.request, &read.schema).map_err(unknown);
        let (allows, denies) = (compile(allows)?, compile(denies)?);
        self.asked += 1;
        let Running { runtime, compiler } = self.running()?;
        let found = runtime.block_on(compiler.check_implies_with_counterexample_opt(&allows, &denies));
        self.read(environment, found)
    }

    /// A question at which the policy errors; `None`: it never does.
    ///
    /// # Errors
    /// [`SolverError`].
    pub fn erring(
        &mut self,
        environment: &Environment,
        read: &Read,
        policy: &Policy,
    ) -> Result<Option<Model>, SolverError> {
        let compiled = CompiledPolicy::compile(policy, &read.request, &read.schema).map_err(unknown)?;
        self.asked += 1;
        let Running { runtime, compiler } = self.running()?;
        let found = runtime.block_on(compiler.check_never_errors_with_counterexample_opt(&compiled));
        self.read(environment, found)
    }

    fn read(
        &mut self,
        environment: &Environment,
        found: Result<Option<Env>, SymccError>,
    ) -> Result<Option<Model>, SolverError> {
        match found {
            Ok(None) => Ok(None),
            Ok(Some(env)) => model(environment, &env).map(Some),
            Err(error) => {
                // Whatever it choked on may have ended it: the next question meets a fresh one.
                self.running = None;
                Err(unknown(error))
            }
        }
    }
}

fn start(runtime: &tokio::runtime::Runtime) -> Result<CedarSymCompiler<LocalSolver>, SolverError> {
    let _guard = runtime.enter();
    let solver = LocalSolver::cvc5_with_args([LIMIT]).map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        SolverError::Absent(cause.unwrap_or_else(|| error.to_string()))
    })?;
    CedarSymCompiler::new(solver).map_err(unknown)
}

fn unknown(error: SymccError) -> SolverError {
    let text = match &error {
        SymccError::PolicyNotWellTyped { errs } => {
            errs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
        error => error.to_string(),
    };
    SolverError::Unknown(text)
}

fn model(environment: &Environment, env: &Env) -> Result<Model, SolverError> {
    let odd = || SolverError::Unknown("a model without parties or facts".to_owned());
    let id = |uid: Option<&cedar_policy::EntityUid>| {
        uid.map(|uid| uid.id().unescaped().to_owned()).ok_or_else(odd)
    };
    let context = env.request.context().ok_or_else(odd)?;
    let mut seen = BTreeMap::new();
    for attribute in &environment.attributes {
        if let Some(value) = context.get(attribute) {
            seen.insert(attribute.clone(), sight(&value).ok_or_else(odd)?);
        }
    }
    let approvals = match context.get("approvals").as_ref().and_then(sight) {
        Some(Sight::Words(offices)) => offices,
        _ => BTreeSet::new(),
    };
    seen.remove("approvals");
    Ok(Model {
        receiving: id(env.request.principal())?,
        sending: id(env.request.resource())?,
        approvals,
        seen,
    })
}

fn sight(value: &EvalResult) -> Option<Sight> {
    Some(match value {
        EvalResult::Bool(truth) => Sight::Truth(*truth),
        EvalResult::Long(number) => Sight::Number(*number),
        EvalResult::EntityUid(uid) => Sight::Word(uid.id().unescaped().to_owned()),
        EvalResult::Set(items) => Sight::Words(
            items
                .iter()
                .map(|item| match item {
                    EvalResult::EntityUid(uid) => Some(uid.id().unescaped().to_owned()),
                    _ => None,
                })
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

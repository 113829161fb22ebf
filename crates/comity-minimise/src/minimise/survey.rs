//! Survey and settle: each object by itself, then who stays home because of whom.

use super::*;

/// What the survey found about one object.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) lost: bool,
    pub(super) changed: bool,
    pub(super) references: Vec<Reference>,
    /// Top-level properties (by position) of which one must be left: the groups that losing references can empty.
    pub(super) needs: Vec<Vec<usize>>,
}

/// Objects that become one of another type, by index: the tree that is treated instead.
pub(super) type Converted<'a> = HashMap<usize, Node<'a>>;

/// Where a type says so: an object whose content would stay home becomes another that carries its hashes.
pub(super) fn converted<'a>(
    bundle: &Bundle<'a>,
    table: &PathTable,
    profiles: &Profiles<'_>,
) -> Converted<'a> {
    let mut converted = HashMap::new();
    for (index, object) in bundle.objects().iter().enumerate() {
        let Some(stix_type) = table.types.get(object.stix_type()) else { continue };
        let Some(becomes) = &stix_type.becomes else { continue };
        let (tree, Some(content)) = (object.tree(), stix_type.root.child(&becomes.instead_of)) else {
            continue;
        };
        let withheld = content.row.as_ref().is_some_and(|row| {
            let class = table.class(row.class);
            let treatment =
                row.treatment.unwrap_or(class.treatment).max(profiles.of(index).treatment(row.class));
            treatment >= Treatment::WithholdProperty
        });
        if !withheld || tree.get(&becomes.instead_of).is_none() || tree.get(&becomes.requires).is_none() {
            continue;
        }
        let Node::Object(properties) = tree else { continue };
        let stays = |name: &str| {
            becomes.carries.iter().any(|carried| carried == name)
                || ["id", "spec_version", "object_marking_refs", "granular_markings", "defanged"]
                    .contains(&name)
        };
        let kept = properties.iter().filter_map(|(name, value)| match name.as_ref() {
            "type" => Some((name.clone(), Node::Text(Cow::Owned(becomes.stix_type.clone())))),
            other => stays(other).then(|| (name.clone(), value.clone())),
        });
        converted.insert(index, Node::Object(kept.collect()));
    }
    converted
}

/// The type that an object is treated as, and its tree.
pub(super) fn treated_as<'t, 'b>(
    table: &'t PathTable,
    converted: &'t Converted<'b>,
    index: usize,
    object: &'t Object<'b>,
) -> Option<(&'t StixType, &'t Node<'b>)> {
    let stix_type = table.types.get(object.stix_type())?;
    match (converted.get(&index), &stix_type.becomes) {
        (Some(tree), Some(becomes)) => Some((table.types.get(&becomes.stix_type)?, tree)),
        _ => Some((stix_type, object.tree())),
    }
}

/// The survey of each object, and the treated values of persons with what stands for each: of several, what came first.
pub(super) fn survey<'t, 'b>(
    treating: Treating<'t, 'b>,
    profiles: &'t Profiles<'t>,
    converted: &'t Converted<'b>,
) -> (Vec<Survey>, HashMap<String, StandIn>) {
    let objects = treating.bundle.objects();
    let mut surveys = Vec::with_capacity(objects.len());
    let mut recurring = HashMap::new();
    each_in_halves(
        objects.len(),
        |index| surveyed(treating, profiles, converted, index),
        |_, (survey, met)| {
            surveys.push(survey);
            for (value, stand_in) in met {
                recurring.entry(value).or_insert(stand_in);
            }
        },
    );
    (surveys, recurring)
}

fn surveyed<'t, 'b>(
    treating: Treating<'t, 'b>,
    profiles: &'t Profiles<'t>,
    converted: &'t Converted<'b>,
    index: usize,
) -> (Survey, Vec<(String, StandIn)>) {
    let object = &treating.bundle.objects()[index];
    let Some((stix_type, tree)) = treated_as(treating.table, converted, index, object) else {
        return (Survey { lost: true, ..Survey::default() }, Vec::new());
    };
    let mut walk = Walk::new(treating, None, profiles.of(index), object, tree);
    let outcome = walk.run(stix_type);
    let mut references = std::mem::take(&mut walk.references);
    references.shrink_to_fit();
    let changed = matches!(outcome, Outcome::Changed(_)) || converted.contains_key(&index);
    let needs = match &outcome {
        Outcome::Changed(after) => needs(stix_type, tree, after, &references),
        _ => needs(stix_type, tree, tree, &references),
    };
    (Survey { lost: matches!(outcome, Outcome::Lost), changed, references, needs }, walk.recurring)
}

/// The groups of top-level properties of which one must be left, by position: those that the object has, and
/// that hold nothing but references.
fn needs(
    stix_type: &StixType,
    tree: &Node<'_>,
    after: &Node<'_>,
    references: &[Reference],
) -> Vec<Vec<usize>> {
    let (Node::Object(properties), false) = (tree, references.is_empty()) else { return Vec::new() };
    let position = |name: &str| properties.iter().position(|(key, _)| key == name);
    let refers = |position: &usize| references.iter().any(|reference| reference.property == *position);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for name in &stix_type.root.require {
        groups.extend(position(name).filter(refers).map(|position| vec![position]));
    }
    for group in &stix_type.root.one_of {
        let there = group.iter().filter(|name| after.get(name).is_some());
        let positions: Vec<usize> = there.filter_map(|name| position(name)).collect();
        if !positions.is_empty() && positions.iter().all(refers) {
            groups.push(positions);
        }
    }
    groups
}

pub(super) fn alive(bundle: &Bundle<'_>, travels: &[bool]) -> Vec<bool> {
    let mut alive = vec![false; bundle.ident_count()];
    for (object, travels) in bundle.objects().iter().zip(travels) {
        alive[object.ident()] |= travels;
    }
    alive
}

/// Takes out of `travels` what stays home by itself, then whatever loses a reference that it must have.
/// Every reference is looked at once: the work is linear in their number.
pub(super) fn settle(bundle: &Bundle<'_>, surveys: &[Survey], travels: &mut [bool]) {
    let mut versions = vec![0_usize; bundle.ident_count()];
    for (object, travels) in bundle.objects().iter().zip(travels.iter()) {
        versions[object.ident()] += usize::from(*travels);
    }
    let mut referrers: Vec<Vec<(usize, Reference)>> = vec![Vec::new(); bundle.ident_count()];
    // How many references are left in each property that has any.
    let mut left: Vec<Vec<(usize, usize)>> = vec![Vec::new(); surveys.len()];
    for (index, survey) in surveys.iter().enumerate() {
        for reference in &survey.references {
            referrers[reference.target].push((index, *reference));
            match left[index].iter_mut().find(|(property, _)| *property == reference.property) {
                Some((_, count)) => *count += 1,
                None => left[index].push((reference.property, 1)),
            }
        }
    }
    let mut gone: Vec<Ident> = (0..versions.len()).filter(|ident| versions[*ident] == 0).collect();
    let lose = |index: usize, travels: &mut [bool], versions: &mut [usize], gone: &mut Vec<Ident>| {
        if std::mem::replace(&mut travels[index], false) {
            let ident = bundle.objects()[index].ident();
            versions[ident] -= 1;
            if versions[ident] == 0 {
                gone.push(ident);
            }
        }
    };
    for (index, survey) in surveys.iter().enumerate() {
        if survey.lost {
            lose(index, travels, &mut versions, &mut gone);
        }
    }
    while let Some(ident) = gone.pop() {
        for (index, reference) in std::mem::take(&mut referrers[ident]) {
            for (property, count) in &mut left[index] {
                *count -= usize::from(*property == reference.property);
            }
            let empty = |property: &usize| left[index].contains(&(*property, 0));
            let unmet = surveys[index].needs.iter().any(|group| group.iter().all(empty));
            if reference.binding || unmet {
                lose(index, travels, &mut versions, &mut gone);
            }
        }
    }
}

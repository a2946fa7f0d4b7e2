//! Groups of documents that lie together.
//!
//! Ward's method (Ward 1963) by the nearest-neighbour chain (Murtagh 1983; Müllner 2011), on centroids: memory grows with
//! the documents, not with their pairs. Of many documents, small clusters are formed first by k-means from evenly spread
//! documents, and Ward's method joins those. Nothing is drawn by lot.

use std::collections::BTreeMap;

use super::gather::Item;

/// Points Ward's method is given; more documents are first drawn together into [`SMALL`] clusters.
const POINTS_MAX: usize = 700;
const SMALL: usize = 256;
const ROUNDS: usize = 4;
/// Topics of one language.
const TOPICS_MAX: usize = 60;
/// Documents a topic has at least, where there are enough.
const MEMBERS_MIN: usize = 3;

/// Positions of the items of each group, the most typical first; groups of one language each, largest first.
pub(super) fn groups(items: &[Item]) -> Vec<Vec<usize>> {
    let mut languages = BTreeMap::<&str, Vec<usize>>::new();
    for (at, item) in items.iter().enumerate() {
        languages.entry(&item.language).or_default().push(at);
    }
    let mut groups: Vec<Vec<usize>> = languages.into_values().flat_map(|members| split(items, &members)).collect();
    groups.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.iter().min().cmp(&b.iter().min())));
    groups
}

#[derive(Clone)]
struct Cluster {
    sum: Vec<f32>,
    members: Vec<usize>,
}

impl Cluster {
    fn size(&self) -> f32 {
        self.members.len() as f32
    }

    /// Growth of the squared distances when both become one.
    fn cost(&self, other: &Self) -> f32 {
        let (a, b) = (self.size(), other.size());
        let apart: f32 = self.sum.iter().zip(&other.sum).map(|(x, y)| (x / a - y / b) * (x / a - y / b)).sum();
        apart * a * b / (a + b)
    }

    fn join(&mut self, other: Self) {
        self.sum.iter_mut().zip(&other.sum).for_each(|(x, y)| *x += y);
        self.members.extend(other.members);
    }
}

/// How many topics so many documents should have.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a root is no negative number, and a small one"
)]
fn wanted(documents: usize) -> usize {
    let root = (documents as f32).sqrt() * 1.5;
    (root.round() as usize).min(documents.div_ceil(4)).clamp(1, TOPICS_MAX)
}

fn split(items: &[Item], members: &[usize]) -> Vec<Vec<usize>> {
    let points = if members.len() > POINTS_MAX { small(items, members) } else { singles(items, members) };
    let clusters = cut(points, wanted(members.len()));
    clusters.into_iter().map(|cluster| by_typical(items, &cluster)).collect()
}

fn place(items: &[Item], at: usize) -> &[f32] {
    items.get(at).map(|item| item.place.as_slice()).unwrap_or_default()
}

fn singles(items: &[Item], members: &[usize]) -> Vec<Cluster> {
    members.iter().map(|at| Cluster { sum: place(items, *at).to_vec(), members: vec![*at] }).collect()
}

/// Clusters by k-means, seeded with documents that lie evenly in their order.
fn small(items: &[Item], members: &[usize]) -> Vec<Cluster> {
    let mut centres: Vec<Vec<f32>> = (0..SMALL)
        .filter_map(|n| members.get(n * members.len() / SMALL))
        .map(|at| place(items, *at).to_vec())
        .collect();
    let mut clusters = Vec::new();
    for _ in 0..ROUNDS {
        clusters =
            vec![Cluster { sum: vec![0.0; centres.first().map_or(0, Vec::len)], members: Vec::new() }; centres.len()];
        for &at in members {
            let point = place(items, at);
            let apart = centres.iter().enumerate().map(|(n, centre)| (n, far(point, centre)));
            let nearest = apart.min_by(|(_, a), (_, b)| a.total_cmp(b));
            if let Some(cluster) = nearest.and_then(|(n, _)| clusters.get_mut(n)) {
                cluster.sum.iter_mut().zip(point).for_each(|(x, y)| *x += y);
                cluster.members.push(at);
            }
        }
        clusters.retain(|cluster| !cluster.members.is_empty());
        centres = clusters.iter().map(|c| c.sum.iter().map(|x| x / c.size()).collect()).collect();
    }
    clusters
}

fn far(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// Joins clusters, cheapest first, until `wanted` are left and none is smaller than it may be.
fn cut(clusters: Vec<Cluster>, wanted: usize) -> Vec<Cluster> {
    let joins = joins(&clusters);
    let surplus = clusters.len().saturating_sub(wanted);
    // Where each point's cluster went; a join names the first points of both sides.
    let mut held: Vec<Option<Cluster>> = clusters.into_iter().map(Some).collect();
    let mut home: Vec<usize> = (0..held.len()).collect();
    for (a, b, _) in joins.into_iter().take(surplus) {
        let (a, b) = (find(&home, a), find(&home, b));
        if a != b
            && let (Some(from), Some(slot)) = (held.get_mut(b).and_then(Option::take), home.get_mut(b))
        {
            *slot = a;
            if let Some(into) = held.get_mut(a).and_then(Option::as_mut) {
                into.join(from);
            }
        }
    }
    let mut clusters: Vec<Cluster> = held.into_iter().flatten().collect();
    while clusters.len() > 1
        && let Some(least) = clusters.iter().position(|cluster| cluster.members.len() < MEMBERS_MIN)
    {
        let lone = clusters.remove(least);
        let nearest = clusters.iter_mut().min_by(|a, b| a.cost(&lone).total_cmp(&b.cost(&lone)));
        if let Some(nearest) = nearest {
            nearest.join(lone);
        }
    }
    clusters
}

fn find(home: &[usize], mut at: usize) -> usize {
    while let Some(&next) = home.get(at).filter(|next| **next != at) {
        at = next;
    }
    at
}

/// All joins of Ward's method, cheapest first: first points of both sides, and the cost.
fn joins(points: &[Cluster]) -> Vec<(usize, usize, f32)> {
    let mut live: BTreeMap<usize, Cluster> = points.iter().cloned().enumerate().collect();
    let mut joins = Vec::with_capacity(points.len());
    let mut chain: Vec<usize> = Vec::new();
    while live.len() > 1 {
        let Some(&top) = chain.last().or_else(|| live.keys().next()) else { break };
        if chain.is_empty() {
            chain.push(top);
        }
        let Some(own) = live.get(&top) else { break };
        let before = chain.len().checked_sub(2).and_then(|n| chain.get(n)).copied();
        let others = live.iter().filter(|(at, _)| **at != top).map(|(at, other)| (*at, own.cost(other)));
        // On a tie the one before in the chain wins, or the chain would never end.
        let nearest = others.min_by(|a, b| {
            a.1.total_cmp(&b.1).then_with(|| (Some(b.0) == before).cmp(&(Some(a.0) == before))).then(a.0.cmp(&b.0))
        });
        let Some((nearest, cost)) = nearest else { break };
        if Some(nearest) == before {
            chain.truncate(chain.len() - 2);
            let (keep, gone) = (top.min(nearest), top.max(nearest));
            if let Some(from) = live.remove(&gone)
                && let Some(into) = live.get_mut(&keep)
            {
                into.join(from);
            }
            joins.push((keep, gone, cost));
        } else {
            chain.push(nearest);
        }
    }
    joins.sort_by(|a, b| a.2.total_cmp(&b.2));
    joins
}

/// Members by how near they lie to the middle.
fn by_typical(items: &[Item], cluster: &Cluster) -> Vec<usize> {
    let centre: Vec<f32> = cluster.sum.iter().map(|x| x / cluster.size()).collect();
    let mut members = cluster.members.clone();
    members.sort_by(|a, b| far(place(items, *a), &centre).total_cmp(&far(place(items, *b), &centre)).then(a.cmp(b)));
    members
}

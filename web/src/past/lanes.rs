//! The picture of a history: who did how much, where.

use super::trail::{Axis, Mark, Trail};

/// The marks of one author, by the columns of the picture that they fall into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Whose; `None` for everybody who has no lane of their own.
    pub author: Option<u16>,
    /// How many marks.
    pub count: usize,
    /// The columns from and to which they reach: the same twice for an event by itself, and more for a run.
    pub spans: Vec<(u16, u16)>,
}

impl Trail {
    /// A picture of `columns` columns: the authors with the most marks have a lane each, in the order of
    /// their marks, and what is left is one more.
    #[must_use]
    pub fn lanes(&self, axis: Axis, columns: u16, most: usize) -> Vec<Lane> {
        let mut counts = vec![0_usize; self.authors.len() + 1];
        for mark in self.marks.values() {
            counts[usize::from(mark.author)] += 1;
        }
        let mut order: Vec<usize> = (0..self.authors.len()).filter(|author| counts[*author] > 0).collect();
        order.sort_by_key(|author| (std::cmp::Reverse(counts[*author]), *author));
        if order.len() > most {
            order.truncate(most.saturating_sub(1));
        }
        let mut lane_of = vec![order.len(); counts.len()];
        for (lane, author) in order.iter().enumerate() {
            lane_of[*author] = lane;
        }
        let number = |author: usize| u16::try_from(author).ok();
        let mut lanes: Vec<Lane> = order
            .iter()
            .map(|author| Lane { author: number(*author), count: 0, spans: Vec::new() })
            .chain([Lane { author: None, count: 0, spans: Vec::new() }])
            .collect();
        // The last mark of each author, and which span of its lane it is in.
        let mut open: Vec<Option<(&Mark, usize)>> = vec![None; counts.len()];
        for mark in self.marks.values() {
            let author = usize::from(mark.author);
            let lane = &mut lanes[lane_of[author]];
            lane.count += 1;
            let column = column(self.place(mark.seq, axis), columns);
            let span = match open[author] {
                Some((last, span)) if mark.is_more_of(last) => {
                    lane.spans[span].1 = column;
                    span
                }
                _ => {
                    if lane.spans.last() != Some(&(column, column)) {
                        lane.spans.push((column, column));
                    }
                    lane.spans.len() - 1
                }
            };
            open[author] = Some((mark, span));
        }
        lanes.retain(|lane| lane.count > 0);
        lanes
    }

    /// How much happened in each column, from 0 for nothing to 1 for the most of all, as a logarithm: a burst
    /// does not hide the rest.
    #[must_use]
    pub fn density(&self, axis: Axis, columns: u16) -> Vec<f64> {
        let edge = |column: u16| f64::from(column) / f64::from(columns.max(1));
        let rate = |column: u16| {
            let (from, to) = (self.moment(edge(column), axis), self.moment(edge(column + 1), axis));
            let events = to.saturating_sub(from) as f64;
            let time = self.time_of(to).saturating_sub(self.time_of(from)) as f64;
            match axis {
                Axis::Events => events / (time + 50.0),
                Axis::Time => events,
            }
        };
        let rates: Vec<f64> = (0..columns).map(rate).collect();
        let most = rates.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        rates.into_iter().map(|rate| (1.0 + 63.0 * rate / most).log2() / 6.0).collect()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the number of columns")]
fn column(place: f64, columns: u16) -> u16 {
    (place * f64::from(columns.saturating_sub(1))).round() as u16
}

//! The one table: what was measured, of whom, and whether it is as good as it is meant to be.
//!
//! A [`Row`] is one quantity in one setting. Its runs alternate (A B C A B C …), so the n-th run of each contender met
//! the machine in about the same mood: a ratio is the median of the ratios of such runs, not a ratio of medians.

mod text;

use serde::{Deserialize, Serialize};

pub(crate) use text::number;
use vws_load::machine::Machine;

/// The contender that goals are about.
pub(crate) const SUBJECT: &str = "VWS";

/// Everything that one invocation measured, or several of which later ones measured parts again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Table {
    /// `2026-01-31`
    pub(crate) date: String,
    pub(crate) machine: Machine,
    /// How the machine was used meanwhile, and which contenders are absent.
    pub(crate) notes: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

impl Table {
    pub(crate) fn misses_a_goal(&self) -> bool {
        self.rows.iter().flat_map(|row| &row.goals).any(|goal| !goal.met)
    }

    /// The same with the parts that `later` has in place of its own, and a note for each that says so.
    ///
    /// # Errors
    /// Where the two are not of one machine.
    pub(crate) fn with(mut self, later: Self) -> Result<Self, String> {
        if self.machine != later.machine {
            return Err(format!(
                "what is kept is of {}, this is {}: measure everything",
                self.machine, later.machine
            ));
        }
        let mut parts: Vec<String> = later.rows.iter().map(|row| row.part.clone()).collect();
        parts.dedup();
        for part in parts {
            let place = self.rows.iter().position(|row| row.part == part).unwrap_or(self.rows.len());
            self.rows.retain(|row| row.part != part);
            let rows = later.rows.iter().filter(|row| row.part == part).cloned();
            self.rows.splice(place..place, rows);
            let is_of_it = format!("*{part}* is of ");
            self.notes.retain(|note| !note.starts_with(&is_of_it));
            self.notes.push(format!("{is_of_it}a later run by itself, {}", later.date));
        }
        Ok(self)
    }
}

/// One quantity in one setting.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The scenario, as it is named on the command line.
    pub(crate) part: String,
    /// The setting: `1,000 subscribers, server on one core`.
    pub(crate) what: String,
    /// What the figures are: `deliveries/s`.
    pub(crate) unit: String,
    pub(crate) figures: Vec<Figure>,
    pub(crate) goals: Vec<Goal>,
}

/// What one contender reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) who: String,
    /// One value a round, in the order of the rounds.
    pub(crate) runs: Vec<f64>,
}

/// What a figure is meant to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Goal {
    /// `≥ 0.9 × raw`
    pub(crate) words: String,
    /// What is compared: a ratio, or the figure itself.
    pub(crate) measured: f64,
    pub(crate) met: bool,
}

/// On which side of a bound a figure is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    AtLeast,
    AtMost,
}

impl Side {
    const fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => "≥",
            Self::AtMost => "≤",
        }
    }

    fn holds(self, measured: f64, bound: f64) -> bool {
        match self {
            Self::AtLeast => measured >= bound,
            Self::AtMost => measured <= bound,
        }
    }
}

impl Figure {
    pub(crate) fn median(&self) -> f64 {
        median(&self.runs)
    }

    /// The lowest and the highest run.
    pub(crate) fn spread(&self) -> (f64, f64) {
        let low = self.runs.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.runs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low, high)
    }
}

impl Row {
    pub(crate) fn new(part: &str, what: impl Into<String>, unit: &str) -> Self {
        Self {
            part: part.to_owned(),
            what: what.into(),
            unit: unit.to_owned(),
            figures: Vec::new(),
            goals: Vec::new(),
        }
    }

    /// Adds what `who` reached, one value a round.
    pub(crate) fn figure(&mut self, who: &str, runs: Vec<f64>) {
        self.figures.push(Figure { who: who.to_owned(), runs });
    }

    /// What `who` reached, where it took part.
    pub(crate) fn of(&self, who: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.who == who && !figure.runs.is_empty())
    }

    /// The median, over the rounds, of one contender's value as a multiple of another's.
    pub(crate) fn ratio(&self, who: &str, of: &str) -> Option<f64> {
        let (who, of) = (self.of(who)?, self.of(of)?);
        let ratios: Vec<f64> = who.runs.iter().zip(&of.runs).map(|(a, b)| a / b).collect();
        Some(median(&ratios))
    }

    /// The subject against another contender; nothing where that one is absent.
    pub(crate) fn goal(&mut self, side: Side, times: f64, of: &str) {
        self.goal_of(SUBJECT, side, times, of);
    }

    /// The same for any two contenders.
    pub(crate) fn goal_of(&mut self, who: &str, side: Side, times: f64, of: &str) {
        let Some(measured) = self.ratio(who, of) else { return };
        let subject = if who == SUBJECT { String::new() } else { format!("{who} ") };
        let words = format!("{subject}{} {times} × {of}", side.sign());
        self.goals.push(Goal { words, measured, met: side.holds(measured, times) });
    }

    /// The subject against a number of the row's unit.
    pub(crate) fn bound(&mut self, side: Side, bound: f64) {
        let Some(figure) = self.of(SUBJECT) else { return };
        let measured = figure.median();
        let words = format!("{} {} {}", side.sign(), text::number(bound), self.unit);
        self.goals.push(Goal { words, measured, met: side.holds(measured, bound) });
    }
}

/// The middle of the values, the mean of the two middle ones of an even number; NaN of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (count, middle) if count % 2 == 1 => sorted[middle],
        (_, middle) => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let mut row = Row::new("fanout", "10 subscribers", "deliveries/s");
        row.figure(SUBJECT, vec![90.0, 180.0, 45.0]);
        row.figure("raw", vec![100.0, 200.0, 50.0]);
        row
    }

    #[test]
    fn a_part_that_is_measured_again_replaces_what_was_of_it() {
        let machine = Machine { cpu: "a machine".to_owned(), cores: 1, kernel: "0".to_owned() };
        let table = |date: &str, rows: &[(&str, &str)]| Table {
            date: date.to_owned(),
            machine: machine.clone(),
            notes: vec![date.to_owned()],
            rows: rows.iter().map(|(part, what)| Row::new(part, *what, "s")).collect(),
        };
        let mut both = table("1", &[("a", "1"), ("b", "1"), ("b", "2"), ("c", "1")]);
        for date in ["2", "3"] {
            both = both.with(table(date, &[("b", "3")])).expect("is of the same machine");
            let rows: Vec<_> = both.rows.iter().map(|row| format!("{}{}", row.part, row.what)).collect();
            assert_eq!(rows, ["a1", "b3", "c1"]);
            let told = format!("*b* is of a later run by itself, {date}");
            assert_eq!((both.date.as_str(), &both.notes[..]), ("1", &["1".to_owned(), told][..]));
        }
        let other = Table { machine: Machine { cores: 2, ..machine.clone() }, ..table("4", &[("b", "4")]) };
        assert!(both.with(other).is_err());
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]).to_bits(), 2.5_f64.to_bits());
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn ratios_are_of_runs_that_alternated() {
        let mut row = row();
        assert_eq!(row.ratio(SUBJECT, "raw"), Some(0.9));
        // Medians alone would say 180 / 100 of these.
        row.figures[0].runs = vec![50.0, 180.0, 200.0];
        row.figures[1].runs = vec![100.0, 360.0, 40.0];
        assert_eq!(row.ratio(SUBJECT, "raw"), Some(0.5));
    }

    #[test]
    fn a_goal_is_met_on_its_side_of_the_bound() {
        let mut row = row();
        row.goal(Side::AtLeast, 0.9, "raw");
        row.goal(Side::AtMost, 0.8, "raw");
        row.goal(Side::AtLeast, 2.0, "Redis");
        row.bound(Side::AtLeast, 1_000.0);
        let told: Vec<_> = row.goals.iter().map(|goal| (goal.words.as_str(), goal.met)).collect();
        assert_eq!(
            told,
            [("≥ 0.9 × raw", true), ("≤ 0.8 × raw", false), ("≥ 1,000 deliveries/s", false)],
            "who is absent is no goal"
        );
    }

    #[test]
    fn the_spread_is_from_the_lowest_to_the_highest_run() {
        assert_eq!(row().figures[0].spread(), (45.0, 180.0));
    }
}

//! Runs that alternate: A B C A B C …, so that what else the machine does falls on all of them alike.

/// What came of one contender.
#[derive(Debug)]
pub(crate) struct Alternated<C, T> {
    pub(crate) who: C,
    /// One a round, or none where it failed.
    pub(crate) runs: Vec<T>,
    /// Why it takes part no longer.
    pub(crate) failed: Option<String>,
}

/// Lets each contender run once a round. One that fails is out, with its runs: the others are compared round by round.
pub(crate) fn alternate<C: Copy, T>(
    rounds: usize,
    contenders: &[C],
    mut run: impl FnMut(C) -> Result<T, String>,
) -> Vec<Alternated<C, T>> {
    let mut all: Vec<_> =
        contenders.iter().map(|&who| Alternated { who, runs: Vec::new(), failed: None }).collect();
    for _ in 0..rounds {
        for one in all.iter_mut().filter(|one| one.failed.is_none()) {
            match run(one.who) {
                Ok(done) => one.runs.push(done),
                Err(why) => {
                    one.failed = Some(why);
                    one.runs.clear();
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_take_turns_and_one_that_fails_is_out() {
        let mut turns = String::new();
        let all = alternate(3, &['a', 'b', 'c'], |who| {
            turns.push(who);
            if turns == "abcab" { Err("broke".to_owned()) } else { Ok(turns.len()) }
        });
        assert_eq!(turns, "abcabcac");
        let told: Vec<_> = all.into_iter().map(|one| (one.who, one.runs, one.failed)).collect();
        assert_eq!(
            told,
            [('a', vec![1, 4, 7], None), ('b', vec![], Some("broke".to_owned())), ('c', vec![3, 6, 8], None)]
        );
    }
}

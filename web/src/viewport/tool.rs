//! What the pointer does to the selected objects.

/// A tool of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tool {
    /// It selects, and moves nothing.
    #[default]
    Select,
    /// Handles that move.
    Move,
    /// Handles that turn.
    Rotate,
    /// Handles that scale.
    Scale,
}

impl Tool {
    /// Its name to the viewport.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Move => "translate",
            Self::Rotate => "rotate",
            Self::Scale => "scale",
        }
    }
}

/// Whose axes the handles have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Space {
    /// The world's.
    #[default]
    World,
    /// Those of the object that was selected last.
    Local,
}

impl Space {
    /// Its name to the viewport.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::World => "world",
            Self::Local => "local",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::World => Self::Local,
            Self::Local => Self::World,
        }
    }
}

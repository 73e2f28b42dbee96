//! Icons, drawn inline: no font or image is loaded, and they take the colour of the text.

use vws_core::ObjectType;
use yew::prelude::*;

macro_rules! icons {
    ($($(#[$doc:meta])* $name:ident => $paths:expr;)*) => {
        /// An icon of the page.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Icon {
            $($(#[$doc])* $name,)*
        }

        impl Icon {
            /// The strokes, in a box of 24 × 24.
            const fn paths(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &$paths,)*
                }
            }
        }
    };
}

icons! {
    /// Object type cube.
    Cube => ["M12 3 20 7.5v9L12 21l-8-4.5v-9z", "M4 7.5 12 12l8-4.5", "M12 12v9"];
    /// Object type sphere.
    Sphere => ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M3 12c0 2 4 3.5 9 3.5s9-1.5 9-3.5"];
    /// Object type cylinder.
    Cylinder => ["M5 6c0-1.7 3.1-3 7-3s7 1.3 7 3-3.1 3-7 3-7-1.3-7-3z", "M5 6v12c0 1.7 3.1 3 7 3s7-1.3 7-3V6"];
    /// Object type cone.
    Cone => ["M12 3 4.5 17.5c0 1.9 3.4 3.5 7.5 3.5s7.5-1.6 7.5-3.5z", "M4.5 17.5c0-1.9 3.4-3 7.5-3s7.5 1.1 7.5 3"];
    /// Object type plane.
    Plane => ["M2.5 15 9 8h12.5L15 15z"];
    /// Object type torus.
    Torus => ["M2.5 12c0-3.3 4.3-6 9.5-6s9.5 2.7 9.5 6-4.3 6-9.5 6-9.5-2.7-9.5-6z", "M8 11.5c.8.9 2.3 1.5 4 1.5s3.2-.6 4-1.5", "M8.8 12.2c.7-.7 1.9-1.2 3.2-1.2s2.5.5 3.2 1.2"];
    /// Object type light.
    Light => ["M9 18h6", "M10 21h4", "M12 3a6 6 0 0 0-3.8 10.6c.6.5.8 1.1.8 1.9h6c0-.8.2-1.4.8-1.9A6 6 0 0 0 12 3z"];
    /// Object type text.
    Text => ["M5 7V4.5h14V7", "M12 4.5V20", "M9 20h6"];
    /// Object type model.
    Model => ["M12 2.5 15.5 4.5v4L12 10.5 8.5 8.5v-4z", "M7 12l3.5 2v4L7 20l-3.5-2v-4z", "M17 12l3.5 2v4L17 20l-3.5-2v-4z"];
    /// Any other object type.
    Custom => ["M12 2.5 20 12l-8 9.5L4 12z", "M4 12h16"];
    /// Add.
    Plus => ["M12 5v14", "M5 12h14"];
    /// Delete.
    Trash => ["M4 7h16", "M9.5 7V4.5h5V7", "M6 7l1 13h10l1-13", "M10 11v5.5", "M14 11v5.5"];
    /// Rename.
    Pencil => ["M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19z", "M14 6.5l3.5 3.5"];
    /// Search.
    Search => ["M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z", "M15.5 15.5 20.5 20.5"];
    /// Light theme.
    Sun => ["M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M12 2.5v2", "M12 19.5v2", "M2.5 12h2", "M19.5 12h2", "M5.3 5.3l1.4 1.4", "M17.3 17.3l1.4 1.4", "M5.3 18.7l1.4-1.4", "M17.3 6.7l1.4-1.4"];
    /// Dark theme.
    Moon => ["M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"];
    /// Theme of the system.
    Monitor => ["M3 5h18v11H3z", "M9 20h6", "M12 16v4"];
    /// Back.
    Back => ["M14.5 5.5 8 12l6.5 6.5"];
    /// Go on.
    Forward => ["M9.5 5.5 16 12l-6.5 6.5"];
    /// Close.
    Close => ["M6 6l12 12", "M18 6 6 18"];
    /// Done.
    Check => ["M4.5 12.5 9.5 17.5 19.5 6.5"];
    /// Something is wrong.
    Alert => ["M12 3.5 22 20H2z", "M12 10v4.5", "M12 17.3v.2"];
    /// Something is told.
    Info => ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 11v5.5", "M12 7.6v.2"];
    /// No network.
    Offline => ["M3 3l18 18", "M8.5 14.5a5 5 0 0 1 6 -.5", "M5 11a10 10 0 0 1 4.5-2.6", "M13.5 8.2A10 10 0 0 1 19 11", "M12 18.5v.2"];
    /// Load again.
    Refresh => ["M20 11a8 8 0 1 0-.7 4.5", "M20.5 4.5V11H14"];
    /// As it was at first.
    Reset => ["M4.500 4.500V10H10", "M4.800 10a8 8 0 1 1 1.200 7"];
    /// Several objects.
    Layers => ["M12 3.500 21 8.500 12 13.500 3 8.500z", "M3.500 12.500 12 17l8.500-4.500", "M3.500 16.500 12 21l8.500-4.500"];
    /// It can be changed.
    Unlocked => ["M5.500 11h13v9.500h-13z", "M8 11V7.500a4 4 0 0 1 7.700-1.500"];
    /// It cannot be changed.
    Locked => ["M5.500 11h13v9.500h-13z", "M8 11V7.500a4 4 0 0 1 8 0V11"];
    /// What it does, on asking.
    Help => ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9.500 9.500a2.500 2.500 0 1 1 3.600 2.200c-.8.5-1.100.9-1.100 1.800", "M12 16.700v.2"];
    /// People.
    People => ["M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z", "M2.5 20c0-3.5 2.9-5.5 6.5-5.5s6.5 2 6.5 5.5", "M16 5.3a3.5 3.5 0 0 1 0 6.4", "M18 15c2 .8 3.5 2.5 3.5 5"];
    /// The camera.
    Camera => ["M3 7.5h4l1.5-2.5h7L17 7.5h4V19H3z", "M12 9.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z"];
    /// What one has to everybody.
    Share => ["M12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4z", "M7.500 7.500a6.500 6.500 0 0 0 0 9", "M16.500 7.500a6.500 6.500 0 0 1 0 9", "M4.500 4.500a10.600 10.600 0 0 0 0 15", "M19.500 4.500a10.600 10.600 0 0 1 0 15"];
    /// Look at one thing.
    Focus => ["M4 8.5V4h4.5", "M15.5 4H20v4.5", "M20 15.5V20h-4.5", "M8.5 20H4v-4.5", "M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z"];
    /// Look at everything.
    Expand => ["M4 9V4h5", "M15 4h5v5", "M20 15v5h-5", "M9 20H4v-5", "M4 4l5.5 5.5", "M20 4l-5.5 5.5", "M20 20l-5.5-5.5", "M4 20l5.5-5.5"];
    /// A camera that circles.
    Orbit => ["M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z", "M20.5 9A9 9 0 0 0 5 6.5", "M3.5 15a9 9 0 0 0 15.5 2.5", "M5 2.5v4h4", "M19 21.5v-4h-4"];
    /// Stop.
    Stop => ["M6.5 6.5h11v11h-11z"];
    /// Shown.
    Eye => ["M2.5 12C4.5 8 8 5.5 12 5.5S19.5 8 21.5 12c-2 4-5.5 6.5-9.5 6.5S4.5 16 2.5 12z", "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"];
    /// Hidden.
    EyeOff => ["M4 4l16 16", "M9.5 6c.8-.3 1.6-.5 2.5-.5 4 0 7.5 2.5 9.5 6.5-.6 1.3-1.4 2.4-2.4 3.4", "M6 7.8C4.5 8.9 3.3 10.4 2.5 12c2 4 5.5 6.5 9.5 6.5 1.6 0 3-.4 4.4-1"];
    /// The list of objects.
    List => ["M4 6h.2", "M4 12h.2", "M4 18h.2", "M8.5 6H20", "M8.5 12H20", "M8.5 18H20"];
    /// The inspector.
    Sliders => ["M4 7h9", "M17 7h3", "M15 4.5v5", "M4 17h3", "M11 17h9", "M9 14.5v5"];
    /// The world.
    Globe => ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M3 12h18", "M12 3c2.5 2.5 3.8 5.5 3.8 9s-1.3 6.5-3.8 9c-2.5-2.5-3.8-5.5-3.8-9S9.5 5.5 12 3z"];
    /// Copy.
    Copy => ["M9 9h11v11H9z", "M5 15H4V4h11v1"];
    /// One more of the same.
    Duplicate => ["M9 9h11v11H9z", "M5 15H4V4h11v1", "M14.5 12v5", "M12 14.5h5"];
    /// The past.
    Clock => ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 7v5.2l3.4 2"];
    /// Play.
    Play => ["M8 5.5v13l10.500-6.500z"];
    /// Pause.
    Pause => ["M8.5 6v12", "M15.5 6v12"];
    /// One event back.
    StepBack => ["M16.5 6 9 12l7.5 6z", "M6.500 6v12"];
    /// One event on.
    StepOn => ["M7.500 6 15 12l-7.500 6z", "M17.500 6v12"];
    /// A copy that goes its own way.
    Fork => ["M7 4.500a2 2 0 1 0 .01 0z", "M17 4.500a2 2 0 1 0 .01 0z", "M12 15.500a2 2 0 1 0 .01 0z", "M7 8.500c0 3.500 5 3 5 7", "M17 8.500c0 3.500-5 3-5 7"];
    /// Two things side by side.
    Compare => ["M12 3.500v17", "M4 7h5v10H4z", "M15 7h5v10h-5z"];
    /// From here to a file.
    Download => ["M12 4v11", "M7.500 10.500 12 15l4.500-4.500", "M4.500 19.500h15"];
    /// From a file to here.
    Upload => ["M12 15V4", "M7.500 8.500 12 4l4.500 4.500", "M4.500 19.500h15"];
    /// Take back.
    Undo => ["M8.500 5 4 9.500 8.500 14", "M4 9.500h10a5.500 5.500 0 0 1 0 11H9"];
    /// Do again.
    Redo => ["M15.500 5 20 9.500 15.500 14", "M20 9.500H10a5.500 5.500 0 0 0 0 11h5"];
    /// Every action by its name.
    Command => ["M4 6l6 6-6 6", "M12 18h8"];
    /// The tool that selects.
    Pointer => ["M6 3.500 18.500 11.500 12.500 13 9.500 19z", "M12.500 13 17 19.500"];
    /// The tool that moves.
    Move => ["M12 3v18", "M3 12h18", "M9.500 5.500 12 3l2.500 2.500", "M9.500 18.500 12 21l2.500-2.500", "M5.500 9.500 3 12l2.500 2.500", "M18.500 9.500 21 12l-2.500 2.500"];
    /// The tool that turns.
    Rotate => ["M19.500 12a7.500 7.500 0 1 1-2.600-5.700", "M20 3.500v5h-5"];
    /// The tool that scales.
    Scale => ["M4 14h6v6H4z", "M13 11l7-7", "M14.500 4H20v5.500", "M4 10V4h6", "M20 14v6h-6"];
    /// Axes of an object's own.
    Axes => ["M9 15V4", "M6.500 6.500 9 4l2.500 2.500", "M9 15h11", "M17.500 12.500 20 15l-2.500 2.500", "M9 15l-5 5", "M4 16.500V20h3.500"];
    /// A rectangle that selects.
    Marquee => ["M4 8V4h4", "M16 4h4v4", "M20 16v4h-4", "M8 20H4v-4", "M10.500 4h3", "M10.500 20h3", "M4 10.500v3", "M20 10.500v3"];
    /// The keyboard.
    Keyboard => ["M3 6.500h18v11H3z", "M6.500 10h.2", "M10 10h.2", "M13.500 10h.2", "M17 10h.2", "M8 14h8"];
    /// Documentation.
    Book => ["M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3z", "M5 17a3 3 0 0 1 3-3h11"];
}

impl Icon {
    /// The icon of an object type.
    #[must_use]
    pub const fn of_type(kind: &ObjectType) -> Self {
        match kind {
            ObjectType::Cube => Self::Cube,
            ObjectType::Sphere => Self::Sphere,
            ObjectType::Cylinder => Self::Cylinder,
            ObjectType::Cone => Self::Cone,
            ObjectType::Plane => Self::Plane,
            ObjectType::Torus => Self::Torus,
            ObjectType::Light => Self::Light,
            ObjectType::Text => Self::Text,
            ObjectType::Model => Self::Model,
            ObjectType::Custom(_) => Self::Custom,
        }
    }
}

/// Properties of [`Glyph`].
#[derive(Properties, PartialEq, Clone, Copy)]
pub struct GlyphProps {
    /// Which icon.
    pub icon: Icon,
    /// Its width and height in CSS pixels.
    #[prop_or(16)]
    pub size: u32,
}

/// An icon. It says nothing to a screen reader: what it stands for is told by the text beside it, or
/// by the label of the button that it is in.
#[component]
pub fn Glyph(props: &GlyphProps) -> Html {
    let size = props.size.to_string();
    html! {
        <svg class="glyph" width={size.clone()} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            { for props.icon.paths().iter().map(|d| html! { <path d={*d} /> }) }
        </svg>
    }
}

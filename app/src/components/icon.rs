//! Line icons, drawn for this page on a 24-unit grid; one path each, stroked in the text's colour.

use leptos::prelude::*;

/// Every icon there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    /// Something went wrong.
    Alert,
    /// Towards the start of the line.
    Back,
    /// Two people talking: a request.
    Bell,
    /// Down or open.
    Chevron,
    /// Done.
    Check,
    /// A clock: expiry, times.
    Clock,
    /// Remove or close.
    Close,
    /// Two sheets.
    Copy,
    /// Bring to this device.
    Download,
    /// Change.
    Edit,
    /// Visible.
    Eye,
    /// Hidden.
    EyeOff,
    /// A file.
    File,
    /// A picture.
    Image,
    /// For information.
    Info,
    /// An access code.
    Key,
    /// A list with ticks: the audit.
    Log,
    /// Sealed.
    Lock,
    /// Leave.
    Leave,
    /// An invitation.
    Mail,
    /// Other actions.
    More,
    /// No connection.
    Offline,
    /// Interrupt.
    Pause,
    /// People.
    People,
    /// One person.
    Person,
    /// Continue.
    Play,
    /// Add.
    Plus,
    /// Paper.
    Print,
    /// Once more.
    Refresh,
    /// A report.
    Report,
    /// Find.
    Search,
    /// Sliders.
    Settings,
    /// Give to another.
    Share,
    /// Checked.
    Shield,
    /// Take away for good.
    Trash,
    /// Opened lock.
    Unlock,
    /// Send from this device.
    Upload,
    /// Phone or computer: a session.
    Device,
    /// Came in.
    Inbox,
    /// A frame around a code.
    Scan,
    /// Bright theme.
    Sun,
    /// Dark theme.
    Moon,
}

impl Glyph {
    fn path(self) -> &'static str {
        match self {
            Self::Alert => {
                "M12 8v5M12 16.5v.01M10.3 4.2 2.9 17a2 2 0 0 0 1.7 3h14.8a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0Z"
            }
            Self::Back => "M15 5l-7 7 7 7",
            Self::Bell => "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15L6 16ZM10 20.5a2.2 2.2 0 0 0 4 0",
            Self::Chevron => "M5 9l7 7 7-7",
            Self::Check => "M4.5 12.5l5 5 10-11",
            Self::Clock => "M12 7v5l3.2 2M3 12a9 9 0 1 0 18 0 9 9 0 1 0-18 0Z",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Copy => {
                "M9 9h9a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2V9ZM15 9V5a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3"
            }
            Self::Download => "M12 3v12M7 10.5l5 5 5-5M4 20h16",
            Self::Edit => {
                "M4 20l1-4.5L16.2 4.3a1.9 1.9 0 0 1 2.7 0l.8.8a1.9 1.9 0 0 1 0 2.7L8.5 19 4 20ZM14 6.5l3.5 3.5"
            }
            Self::Eye => {
                "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM9.2 12a2.8 2.8 0 1 0 5.6 0 2.8 2.8 0 1 0-5.6 0Z"
            }
            Self::EyeOff => {
                "M4 4l16 16M9.9 5.8A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.6 3.4M6.2 7.4A16 16 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4.6-1.3M10.2 10.2a2.8 2.8 0 0 0 3.7 3.8"
            }
            Self::File => "M13.5 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8.5L13.5 3ZM13.5 3v5.5H19",
            Self::Image => {
                "M5 4h14a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2ZM3 16l5-5 5 5 3-3 5 4.5M15 9v.01"
            }
            Self::Info => "M12 11v5.5M12 7.5v.01M3 12a9 9 0 1 0 18 0 9 9 0 1 0-18 0Z",
            Self::Key => "M11 13 20 4M16.5 7.5l3 3M13.8 10.2l2 2M3.5 16.5a4.5 4.5 0 1 0 9 0 4.5 4.5 0 1 0-9 0Z",
            Self::Log => "M9 6h11M9 12h11M9 18h11M3.5 6l1 1 1.5-2M3.5 12l1 1 1.5-2M3.5 18l1 1 1.5-2",
            Self::Lock => {
                "M6.5 10.5h11a2 2 0 0 1 2 2V19a2 2 0 0 1-2 2h-11a2 2 0 0 1-2-2v-6.5a2 2 0 0 1 2-2ZM8 10.5V7.5a4 4 0 0 1 8 0v3M12 14.5v2.5"
            }
            Self::Leave => "M14 4H6.5a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2H14M10 12h11M17 8l4 4-4 4",
            Self::Mail => "M5 5h14a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2ZM3.5 7.5l8.5 6 8.5-6",
            Self::More => "M5 12v.01M12 12v.01M19 12v.01",
            Self::Offline => {
                "M4 4l16 16M8.5 16a5 5 0 0 1 6-.6M5 12.5A10 10 0 0 1 9 10M1.8 9A15 15 0 0 1 6 6.4M11 5.1A15 15 0 0 1 22.2 9M15 10.4a10 10 0 0 1 4 2.1M12 19.5v.01"
            }
            Self::Pause => "M8 5v14M16 5v14",
            Self::People => {
                "M5.5 8.5a3.5 3.5 0 1 0 7 0 3.5 3.5 0 1 0-7 0ZM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M15.5 5.3a3.5 3.5 0 0 1 0 6.4M17.5 14.5c2.5.7 4 2.8 4 5.5"
            }
            Self::Person => "M8 8a4 4 0 1 0 8 0 4 4 0 1 0-8 0ZM4.5 20.5c0-3.9 3.3-6.5 7.5-6.5s7.5 2.6 7.5 6.5",
            Self::Play => "M7 4.5l12 7.5-12 7.5v-15Z",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Print => {
                "M7 9V3.5h10V9M7 17H5a2 2 0 0 1-2-2v-4a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2h-2M7 14h10v6.5H7V14Z"
            }
            Self::Refresh => "M20 5v5h-5M4 19v-5h5M5.5 9a7.5 7.5 0 0 1 13-2.5L20 10M4 14l1.5 3.5a7.5 7.5 0 0 0 13-2.5",
            Self::Report => {
                "M13.5 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8.5L13.5 3ZM13.5 3v5.5H19M8.5 16h1.8l1.4-3.5 1.8 5 1-1.5h1.5"
            }
            Self::Scan => {
                "M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M7 12h10"
            }
            Self::Search => "M4 10.5a6.5 6.5 0 1 0 13 0 6.5 6.5 0 1 0-13 0ZM15.5 15.5 20.5 20.5",
            Self::Settings => {
                "M4 7h9M17 7h3M4 17h3M11 17h9M13 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0ZM7 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0Z"
            }
            Self::Share => {
                "M12 15V3.5M8 7.5l4-4 4 4M7 11H6a2 2 0 0 0-2 2v6a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-6a2 2 0 0 0-2-2h-1"
            }
            Self::Shield => "M12 3l7.5 2.5v6c0 4.5-3 7.8-7.5 9.5-4.5-1.7-7.5-5-7.5-9.5v-6L12 3ZM8.5 12l2.5 2.5 4.5-5",
            Self::Trash => {
                "M4 6.5h16M9 6.5V4h6v2.5M6 6.5l1 13a1.5 1.5 0 0 0 1.5 1.5h7a1.5 1.5 0 0 0 1.5-1.5l1-13M10 11v5.5M14 11v5.5"
            }
            Self::Unlock => {
                "M6.5 10.5h11a2 2 0 0 1 2 2V19a2 2 0 0 1-2 2h-11a2 2 0 0 1-2-2v-6.5a2 2 0 0 1 2-2ZM8 10.5V7a4 4 0 0 1 7.6-1.7M12 14.5v2.5"
            }
            Self::Upload => "M12 15.5V3.5M7 8.5l5-5 5 5M4 20h16",
            Self::Device => {
                "M4 5h12a1.5 1.5 0 0 1 1.5 1.5V8M4 5a1.5 1.5 0 0 0-1.5 1.5v8.5h10M1.5 18.5H12M16 8h4.5A1.5 1.5 0 0 1 22 9.5v9a1.5 1.5 0 0 1-1.5 1.5H16a1.5 1.5 0 0 1-1.5-1.5v-9A1.5 1.5 0 0 1 16 8Z"
            }
            Self::Inbox => {
                "M3.5 13.5 6 5.5A2 2 0 0 1 7.9 4h8.2A2 2 0 0 1 18 5.5l2.5 8V18a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2v-4.5ZM3.5 13.5H8l1.5 3h5l1.5-3h4.5"
            }
            Self::Sun => {
                "M8 12a4 4 0 1 0 8 0 4 4 0 1 0-8 0ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"
            }
            Self::Moon => "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
        }
    }

    /// Mirrored where text runs from right to left.
    fn directed(self) -> bool {
        matches!(self, Self::Back | Self::Leave | Self::Play | Self::Log)
    }
}

/// An icon; decoration, so a name stands beside it or on the control.
#[component]
pub fn Icon(
    /// Which.
    glyph: Glyph,
) -> impl IntoView {
    let class = if glyph.directed() { "icon icon-flip" } else { "icon" };
    view! {
        <svg class=class width="20" height="20" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=glyph.path()></path>
        </svg>
    }
}

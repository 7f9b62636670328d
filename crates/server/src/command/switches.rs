//! Kamailio's switches, under their letters.

use clap::{ArgAction, Args};

/// The switches of `kamailio`, which `ringwall` takes too.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Kamailio's switches")]
pub(crate) struct Switches {
    /// The configuration file.
    #[arg(short = 'f', value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Define a name, `-A WITH_AUTH` or `-A 'DBURL="sqlite:///x.db"'`.
    #[arg(short = 'A', value_name = "NAME[=VALUE]")]
    pub(crate) define: Vec<String>,
    /// Check the configuration and end.
    #[arg(short = 'c')]
    pub(crate) check: bool,
    /// Log to standard error.
    #[arg(short = 'E')]
    pub(crate) standard_error: bool,
    /// Colour the lines of standard error.
    #[arg(short = 'e')]
    pub(crate) colors: bool,
    /// Stay in the foreground (always so); twice: log to standard error too.
    #[arg(short = 'D', action = ArgAction::Count)]
    pub(crate) foreground: u8,
    /// Raise the log level by one.
    #[arg(short = 'd', action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// The log level, instead of `debug` of the file.
    #[arg(long, value_name = "LEVEL", allow_negative_numbers = true)]
    pub(crate) debug: Option<i32>,
    /// Listen here too; alone where the file says nothing: `[proto:]address[:port][/advertised]`.
    #[arg(short = 'l', value_name = "ADDRESS")]
    pub(crate) listen: Vec<String>,
    /// A name of ours: `[proto:]host[:port]`.
    #[arg(long, value_name = "NAME")]
    pub(crate) alias: Vec<String>,
    /// Whether names of own addresses are looked up: yes or no.
    #[arg(short = 'a', value_name = "MODE")]
    pub(crate) auto_aliases: Option<String>,
    /// Worker threads per UDP socket; never more than cores.
    #[arg(short = 'n', value_name = "N")]
    pub(crate) children: Option<i64>,
    /// No TCP.
    #[arg(short = 'T')]
    pub(crate) no_tcp: bool,
    /// Write the process id into this file.
    #[arg(short = 'P', value_name = "FILE")]
    pub(crate) pid_file: Option<String>,
    /// Write the process group id into this file.
    #[arg(short = 'G', value_name = "FILE")]
    pub(crate) group_file: Option<String>,
    /// Change to this directory [default with -f: /].
    #[arg(short = 'w', value_name = "DIR")]
    pub(crate) work_dir: Option<String>,
    /// The directory of sockets and pipes whose path is relative.
    #[arg(short = 'Y', value_name = "DIR")]
    pub(crate) run_dir: Option<String>,
    /// Make this directory the root.
    #[arg(short = 't', value_name = "DIR")]
    pub(crate) root_dir: Option<String>,
    /// Become this user once the sockets are open.
    #[arg(short = 'u', value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Become this group once the sockets are open.
    #[arg(short = 'g', value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// Load a module before those of the file.
    #[arg(long, value_name = "NAME")]
    pub(crate) loadmodule: Vec<String>,
    /// Set a parameter after those of the file: `module:name:s|i:value`.
    #[arg(long, value_name = "MODULE:NAME:TYPE:VALUE")]
    pub(crate) modparam: Vec<String>,
    /// As `#!subst`.
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) subst: Vec<String>,
    /// As `#!substdef`.
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) substdef: Vec<String>,
    /// As `#!substdefs`.
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) substdefs: Vec<String>,
    /// The value of `server_id`.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) server_id: Option<i64>,
    /// Print the configuration as one text: includes put in, skipped blocks taken out.
    #[arg(long)]
    pub(crate) cfg_print: bool,
    /// Write log lines as JSON: `json:FLAGS`, with M (no line end in the message), c (the Call-ID), p (no
    /// empty prefix), a (names begin with `kamailio.`), j (texts as objects), N (no line end), U (CEE).
    #[arg(long, value_name = "NAME[:FLAGS]")]
    pub(crate) log_engine: Option<String>,
    /// Say which version this is.
    #[arg(short = 'v', short_alias = 'V', long)]
    pub(crate) version: bool,
    /// Tell more of what is inside.
    #[arg(short = 'I')]
    pub(crate) internals: bool,
    #[command(flatten)]
    pub(crate) without_meaning: WithoutMeaning,
}

/// Switches that are accepted and mean nothing here.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Accepted without a meaning here")]
pub(crate) struct WithoutMeaning {
    /// Shared memory in megabytes.
    #[arg(short = 'm', value_name = "MB")]
    shared_memory: Option<String>,
    /// Private memory in megabytes.
    #[arg(short = 'M', value_name = "MB")]
    private_memory: Option<String>,
    /// Where modules are: they are built in.
    #[arg(short = 'L', value_name = "PATH")]
    module_path: Vec<String>,
    /// The manager of shared memory.
    #[arg(short = 'x', value_name = "NAME")]
    shared_manager: Option<String>,
    /// The manager of private memory.
    #[arg(short = 'X', value_name = "NAME")]
    private_manager: Option<String>,
    /// The largest receive buffer.
    #[arg(short = 'b', value_name = "N")]
    receive_buffer: Option<String>,
    /// Check Via hosts of replies: a reply that is not ours is dropped anyway.
    #[arg(short = 'K')]
    check_via: bool,
    /// TCP processes.
    #[arg(short = 'N', value_name = "N")]
    tcp_children: Option<String>,
    /// SCTP processes.
    #[arg(short = 'Q', value_name = "N")]
    sctp_children: Option<String>,
    /// Script optimization.
    #[arg(short = 'O', value_name = "N")]
    optimization: Option<String>,
    /// Look Via hosts up.
    #[arg(short = 'r')]
    dns: bool,
    /// Look source addresses up.
    #[arg(short = 'R')]
    reverse_dns: bool,
    /// No SCTP: there is none.
    #[arg(short = 'S')]
    no_sctp: bool,
    /// The poll method.
    #[arg(short = 'W', value_name = "TYPE")]
    poll_method: Option<String>,
    /// Exit handlers of libraries.
    #[arg(long, value_name = "MODE")]
    atexit: Option<String>,
}

impl WithoutMeaning {
    /// The switches that were given, as they are written.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let all = [
            ("-m", self.shared_memory.is_some()),
            ("-M", self.private_memory.is_some()),
            ("-L", !self.module_path.is_empty()),
            ("-x", self.shared_manager.is_some()),
            ("-X", self.private_manager.is_some()),
            ("-b", self.receive_buffer.is_some()),
            ("-K", self.check_via),
            ("-N", self.tcp_children.is_some()),
            ("-Q", self.sctp_children.is_some()),
            ("-O", self.optimization.is_some()),
            ("-r", self.dns),
            ("-R", self.reverse_dns),
            ("-S", self.no_sctp),
            ("-W", self.poll_method.is_some()),
            ("--atexit", self.atexit.is_some()),
        ];
        all.into_iter()
            .filter(|(_, given)| *given)
            .map(|(name, _)| name)
            .collect()
    }
}

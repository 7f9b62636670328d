//! baresip without a screen or a sound card: a phone as people have them.

use crate::control::Control;
use crate::ports;
use crate::program::Program;
use crate::scratch::Scratch;
use crate::user::User;
use crate::wait::{PATIENCE, until};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// How a phone reaches its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
    /// A secured connection.
    Tls,
}

impl Transport {
    /// As a URI names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        }
    }
}

/// What a phone knows of its server.
#[derive(Clone, Debug)]
pub struct Account<'a> {
    /// Who it is, with the password it believes in.
    pub user: User,
    /// The domain of its address.
    pub domain: &'a str,
    /// How it reaches the server.
    pub transport: Transport,
    /// The server's port for that, on 127.0.0.1.
    pub server: u16,
    /// The certificate to trust, instead of any.
    pub trusted: Option<&'a Path>,
    /// Certificate and key with which it takes secured connections; without them it only makes them.
    pub certificate: Option<&'a Path>,
}

/// A phone that runs. It traces each message that it sends or gets.
pub struct Phone {
    program: Program,
    control: Control,
}

/// SIP, SIP over TLS (always the next), control, and some for RTP with RTCP.
const PORTS: u16 = 24;

impl Phone {
    /// Starts a phone, which registers by itself.
    ///
    /// # Panics
    /// Where baresip does not start.
    #[must_use]
    pub fn start(scratch: &Scratch, account: &Account<'_>) -> Phone {
        let port = ports::block(PORTS);
        let name = format!("{}-{port}", account.user.name);
        let dir = scratch.make_dir(&name);
        let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).expect("a file");
        write("config", &config(port, account));
        write("accounts", &accounts(account));
        write("contacts", "");
        let mut command = Command::new("baresip");
        command.arg("-s").arg("-f").arg(&dir);
        let program = Program::start(&mut command, scratch.join(&format!("{name}.log")));
        let control = Control::connect(control_port(port));
        Phone { program, control }
    }

    /// Waits until the server took the registration. The event may be over before the control connection
    /// stands, so the log tells.
    pub fn await_registered(&self) {
        until("the phone is registered", PATIENCE, || {
            self.has_printed(" binding").then_some(())
        });
    }

    /// Waits until the server refused the registration.
    pub fn await_refused(&self) {
        until("the registration is refused", PATIENCE, || {
            self.has_printed("reg: sip:").then_some(())
        });
    }

    /// Whether the phone said or traced this text so far.
    #[must_use]
    pub fn has_printed(&self, text: &str) -> bool {
        self.program.printed().contains(text)
    }

    /// How often the phone said or traced this text so far.
    #[must_use]
    pub fn count_printed(&self, text: &str) -> usize {
        self.program.printed().matches(text).count()
    }

    /// Waits for an event of baresip, such as `CALL_ESTABLISHED`, and answers its parameter. An
    /// event counts once.
    pub fn expect(&mut self, event: &str) -> String {
        let event = until(event, PATIENCE, || self.control.take(event));
        event["param"].as_str().unwrap_or_default().to_owned()
    }

    /// Calls somebody.
    pub fn dial(&mut self, uri: &str) {
        self.control.command("dial", uri);
    }

    /// Answers the call that rings.
    pub fn accept(&mut self) {
        self.control.command("accept", "");
    }

    /// Holds the call.
    pub fn hold(&mut self) {
        self.control.command("hold", "");
    }

    /// Goes on with the call.
    pub fn resume(&mut self) {
        self.control.command("resume", "");
    }

    /// Ends the call, or refuses it.
    pub fn hang_up(&mut self) {
        self.control.command("hangup", "");
    }
}

fn control_port(port: u16) -> u16 {
    port + 2
}

/// The sound of the phone goes round in a circle: `aubridge` feeds its player into its source.
fn config(port: u16, account: &Account<'_>) -> String {
    let mut text = format!(
        "poll_method epoll\n\
         net_interface 127.0.0.1\n\
         sip_listen 127.0.0.1:{port}\n\
         rtp_ports {}-{}\n\
         call_local_timeout 60\n\
         call_max_calls 4\n\
         statmode_default off\n\
         audio_player aubridge,circle\n\
         audio_source aubridge,circle\n\
         audio_alert aubridge,alert\n\
         module_path /usr/lib/baresip/modules\n\
         module g711.so\n\
         module aubridge.so\n\
         module_app account.so\n\
         module_app menu.so\n\
         module_app ctrl_tcp.so\n\
         ctrl_tcp_listen 127.0.0.1:{}\n",
        port + 4,
        port + PORTS - 1,
        control_port(port),
    );
    let files = [
        ("sip_cafile", account.trusted),
        ("sip_certificate", account.certificate),
    ];
    for (name, path) in files {
        if let Some(path) = path {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name} {}", path.display());
        }
    }
    text
}

fn accounts(account: &Account<'_>) -> String {
    let Account {
        user,
        domain,
        server,
        ..
    } = account;
    let transport = account.transport.name();
    let User { name, password } = user;
    format!(
        "<sip:{name}@{domain};transport={transport}>;auth_user={name};auth_pass={password};regint=600;\
         outbound=\"sip:127.0.0.1:{server};transport={transport}\";answermode=manual\n"
    )
}

//! baresip, a phone that others wrote, as a process.

use super::free_port;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running baresip; it dies with this value.
pub(crate) struct Baresip {
    child: Child,
    control: TcpStream,
    /// Everything its control connection has said.
    said: String,
}

/// How a phone reaches the server.
pub(crate) struct Account<'a> {
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
    /// `udp`, `tcp` or `tls`.
    pub(crate) transport: &'a str,
    pub(crate) port: u16,
    /// The certificate of the server.
    pub(crate) certificate: &'a Path,
}

/// How long a phone may take for anything.
const PATIENCE: Duration = Duration::from_secs(15);

impl Baresip {
    /// Starts a phone that answers every call.
    pub(crate) fn start(dir: &Path, account: &Account<'_>) -> Baresip {
        let home = dir.join(format!("{}-{}", account.user, account.transport));
        let control = free_port();
        configure(&home, account, control);
        let child = Command::new("baresip")
            .arg("-f")
            .arg(&home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("baresip is installed (Debian: baresip-core)");
        Baresip {
            child,
            control: connect(control),
            said: String::new(),
        }
    }

    /// Gives a command, such as `dial`.
    pub(crate) fn command(&mut self, command: &str, params: &str) {
        let text = format!("{{\"command\":\"{command}\",\"params\":\"{params}\"}}");
        let netstring = format!("{}:{text},", text.len());
        self.control
            .write_all(netstring.as_bytes())
            .expect("a sent command");
    }

    /// Gives a command again and again until its answer has this text.
    pub(crate) fn ask_until(&mut self, command: &str, text: &str) {
        let began = Instant::now();
        while !self.said.contains(text) {
            assert!(began.elapsed() < PATIENCE, "no {text} in {}", self.said);
            self.command(command, "");
            self.listen();
        }
        self.said.clear();
    }

    /// Waits until the phone tells of an event of this type.
    pub(crate) fn wait_for(&mut self, event: &str) {
        let wanted = format!("\"type\":\"{event}\"");
        let began = Instant::now();
        while !self.said.contains(&wanted) {
            assert!(began.elapsed() < PATIENCE, "no {event} in {}", self.said);
            self.listen();
        }
        let after = self.said.find(&wanted).unwrap_or(0) + wanted.len();
        self.said.drain(..after);
    }

    fn listen(&mut self) {
        let mut buffer = [0; 4096];
        match self.control.read(&mut buffer) {
            Ok(0) => panic!("the phone has gone; it said {}", self.said),
            Ok(length) => {
                let text = buffer.get(..length).unwrap_or_default();
                self.said += &String::from_utf8_lossy(text);
            }
            // Nothing was said for a moment.
            Err(_) => {}
        }
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configure(home: &Path, account: &Account<'_>, control: u16) {
    std::fs::create_dir_all(home).expect("a directory");
    let silence = home.join("silence.wav");
    write(&silence, &wave());
    let modules = module_path();
    let (silence, certificate) = (silence.display(), account.certificate.display());
    let config = format!(
        "poll_method epoll\nnet_interface 127.0.0.1\nsip_cafile {certificate}\naudio_source aufile,{silence}\n\
         audio_player aufile,{silence}.out\naudio_alert aufile,{silence}.alert\nmodule_path {}\nmodule g711.so\n\
         module aufile.so\nmodule_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
         ctrl_tcp_listen 127.0.0.1:{control}\n",
        modules.display()
    );
    write(&home.join("config"), config.as_bytes());
    let Account {
        user,
        password,
        transport,
        port,
        ..
    } = account;
    let line = format!(
        "<sip:{user}@example.test;transport={transport}>;auth_pass={password};answermode=auto;\
         outbound=\"sip:127.0.0.1:{port};transport={transport}\"\n"
    );
    write(&home.join("accounts"), line.as_bytes());
    write(&home.join("contacts"), b"");
}

fn write(path: &Path, content: &[u8]) {
    std::fs::write(path, content).expect("a written file");
}

fn module_path() -> PathBuf {
    PathBuf::from("/usr/lib/baresip/modules")
}

/// Ten seconds of silence, 8000 samples a second.
fn wave() -> Vec<u8> {
    let samples: u32 = 160_000;
    let mut wave = b"RIFF".to_vec();
    wave.extend((36 + samples).to_le_bytes());
    wave.extend(b"WAVEfmt ");
    for number in [16_u32, 0x0001_0001, 8_000, 16_000, 0x0010_0002] {
        wave.extend(number.to_le_bytes());
    }
    wave.extend(b"data");
    wave.extend(samples.to_le_bytes());
    wave.resize(wave.len() + samples as usize, 0);
    wave
}

fn connect(port: u16) -> TcpStream {
    let began = Instant::now();
    loop {
        if let Ok(connection) = TcpStream::connect(("127.0.0.1", port)) {
            let quick = Some(Duration::from_millis(100));
            connection.set_read_timeout(quick).expect("a timeout");
            return connection;
        }
        assert!(began.elapsed() < PATIENCE, "the phone does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
}

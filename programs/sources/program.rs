//! Files, threads, channels, panics, child processes, a socket.
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    fs::create_dir_all("d/e").unwrap();
    fs::write("d/e/ünï.txt", "text").unwrap();
    fs::rename("d/e/ünï.txt", "d/two.txt").unwrap();
    assert_eq!(fs::read_to_string("D/TWO.TXT").unwrap(), "text");
    assert_eq!(fs::canonicalize("d").unwrap().to_str().unwrap(), r"\\?\C:\work\d");
    assert_eq!(fs::metadata("absent").unwrap_err().kind(), std::io::ErrorKind::NotFound);
    fs::hard_link("d/two.txt", "d/three.txt").unwrap();
    fs::remove_dir_all("d").unwrap();

    let (sender, receiver) = mpsc::channel();
    for n in 0..16u32 {
        let sender = sender.clone();
        thread::spawn(move || sender.send(n).unwrap());
    }
    drop(sender);
    assert_eq!(receiver.iter().sum::<u32>(), 120);
    assert!(thread::spawn(|| panic!("on purpose")).join().is_err());

    let child = Command::new("cmd").args(["/c", "exit 3"]).output().unwrap();
    assert_eq!(child.status.code(), Some(3));
    let began = Instant::now();
    thread::sleep(Duration::from_millis(20));
    assert!(began.elapsed() >= Duration::from_millis(19));

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut text = String::new();
        peer.read_to_string(&mut text).unwrap();
        text
    });
    TcpStream::connect(at).unwrap().write_all("hello".as_bytes()).unwrap();
    assert_eq!(server.join().unwrap(), "hello");
    println!("all ok {}", std::env::var("USERNAME").unwrap());
    std::process::exit(9);
}

import Entrypoint

/// Starts and supervises Marathon, upstream's or the embedded one.
@main struct Main {
    static func main() async { await Entrypoint.main(MarathonWrap.self) }
}

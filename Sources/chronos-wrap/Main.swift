import Entrypoint

/// Starts and supervises Chronos, upstream's or the embedded one.
@main struct Main {
    static func main() async { await Entrypoint.main(ChronosWrap.self) }
}

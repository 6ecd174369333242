import Entrypoint

/// Starts and supervises a Mesos master, Apache's or the embedded one.
@main struct Main {
    static func main() async { await Entrypoint.main(MesosMasterWrap.self) }
}

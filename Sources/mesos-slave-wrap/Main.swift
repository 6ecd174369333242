import Entrypoint

/// Starts and supervises a Mesos slave, Apache's or the embedded one.
@main struct Main {
    static func main() async { await Entrypoint.main(MesosSlaveWrap.self) }
}

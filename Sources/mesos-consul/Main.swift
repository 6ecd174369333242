import Entrypoint

/// Registers Mesos' running tasks, masters and slaves as Consul services.
@main struct Main {
    static func main() async { await Entrypoint.main(MesosConsul.self) }
}

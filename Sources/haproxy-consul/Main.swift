import Entrypoint

/// Starts and supervises HAProxy, and keeps its routes as Consul tells them.
@main struct Main {
    static func main() async { await Entrypoint.main(HAProxyConsul.self) }
}

import Entrypoint

@main struct Main {
    static func main() async { await Entrypoint.main(ZooKeeperInit.self) }
}

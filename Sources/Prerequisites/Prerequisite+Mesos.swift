public import ClusterCore
public import Entrypoint
import HTTPClient
import Logging
import Mesos
import ZooKeeper

extension Prerequisite {
    /// A Mesos master leads, and answers `/health`.
    /// - Parameter url: the masters' `zk://…/path`.
    public static func mesosLeader(_ url: ZooKeeperURL) -> Prerequisite {
        let what = "a Mesos master must lead (as \(url) says) and answer /health"
        let http = HTTPClient()
        return Prerequisite("mesos-leader", what, timeout: .seconds(10)) {
            let client = ZooKeeperClient(url: url, sessionTimeout: .seconds(6), logger: Logger(label: "mesos-leader"))
            let state = await lookForLeader(url, client, http)
            await client.close()
            return state
        }
    }

    private static func lookForLeader(_ url: ZooKeeperURL, _ client: ZooKeeperClient, _ http: HTTPClient) async -> State {
        let leader: MasterInfo
        do throws(ZooKeeperError) {
            try await client.connect(within: .seconds(5))
            guard let found = try await MesosLeaderDetector(client: client).look().leader else {
                return .missing("no Mesos master has announced itself at \(url.path) in ZooKeeper")
            }
            leader = found
        } catch {
            return .missing("ZooKeeper (\(url)) can't be asked for the leading Mesos master: \(error)")
        }
        do throws(HTTPClientError) {
            let answer = try await http.send(HTTPRequest("GET", "http://\(leader.address)/health", timeout: .seconds(3)))
            guard answer.status == 200 else {
                return .missing("the leading Mesos master \(leader.address) answers \(answer.status) to /health")
            }
            return .met("\(leader.address) leads")
        } catch {
            return .missing("the leading Mesos master \(leader.address) does not answer: \(error.detail)")
        }
    }
}

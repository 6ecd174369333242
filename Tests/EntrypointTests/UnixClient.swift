@testable import Entrypoint

enum UnixClient {
    static func get(_ path: String, _ socket: String) throws -> (status: Int, body: String) {
        let answer = try ProbeClient.get(path, from: .unix(socket), seconds: 20)
        return (answer.status, answer.body)
    }
}

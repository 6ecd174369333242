/// What happens to a client's session.
public enum ZooKeeperSessionEvent: Sendable, Hashable {
    /// No server is connected; the client tries all of them in turn. The session lives on until its time-out.
    case disconnected
    /// Connected, with this session and the time-out that the server granted. A new id after `expired`: ephemeral nodes must be made again.
    case connected(sessionID: Int64, timeout: Duration)
    /// The session has expired: its ephemeral nodes are gone. The client makes a new one by itself.
    case expired(sessionID: Int64)
    /// The server refused the credentials; the client gives up.
    case authFailed
    /// `close` was called.
    case closed
}

public import ClusterCore
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP/1.1 server for probes: GET and HEAD, on TCP and Unix sockets, one thread.
///
/// Bounded against slow and greedy clients: 64 connections, 10 s for a request to arrive, 30 s idle, no bodies.
public final class HTTPServer: Sendable {
    /// A request.
    public struct Request: Sendable, Hashable {
        /// The path, without query.
        public let path: String
        /// What follows `?`, as it was sent; empty where nothing does.
        public let query: String
    }

    /// A response.
    public struct Response: Sendable, Hashable {
        /// 200, 503 …
        public var status: Int
        /// Media type.
        public var contentType: String
        /// The content; left out for HEAD.
        public var body: [UInt8]

        /// A response of this text.
        public init(status: Int = 200, contentType: String = "application/json", text: String) {
            self.status = status
            self.contentType = contentType
            body = Array(text.utf8)
        }
    }

    /// Where a server listens.
    public enum Endpoint: Sendable, Hashable, CustomStringConvertible {
        /// An address and port; port 0 takes a free one.
        case tcp(host: String, port: Int)
        /// A Unix socket with these permission bits, in an existing directory.
        case unix(path: String, mode: UInt16)

        /// `127.0.0.1:9150` or the path.
        public var description: String {
            switch self {
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path, _): path
            }
        }
    }

    /// Answers a request.
    public typealias Handler = @Sendable (Request) async -> Response

    private let group: MultiThreadedEventLoopGroup
    private let channels = Mutex<[any Channel]>([])
    private let handler: Handler
    private let limits: HTTPServerLimits

    /// Makes a server that does not listen yet.
    public convenience init(handler: @escaping Handler) { self.init(limits: HTTPServerLimits(), handler: handler) }

    init(limits: HTTPServerLimits, handler: @escaping Handler) {
        self.limits = limits
        self.handler = handler
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// Listens at one more place.
    /// - Returns: the TCP port, or 0 for a Unix socket.
    /// - Throws: `.conflict` where another program has the address, `.io` where the system refuses.
    @discardableResult
    public func listen(_ endpoint: Endpoint) async throws(ClusterError) -> Int {
        let counter = ConnectionCounter()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [handler, limits] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard counter.enter(limit: limits.connections) else { throw ChannelError.ioOnClosedChannel }
                    channel.closeFuture.whenComplete { _ in counter.leave() }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(HTTPServerHandler(limits: limits, handler: handler))
                }
            }
        do {
            let channel: any Channel
            switch endpoint {
            case .tcp(let host, let port): channel = try await bootstrap.bind(host: host, port: port).get()
            case .unix(let path, let mode):
                let socket = try UnixListener.bind(path, mode: mode)
                channel = try await bootstrap.withBoundSocket(socket).get()
            }
            channels.withLock { $0.append(channel) }
            return channel.localAddress?.port ?? 0
        } catch let error as ClusterError {
            throw error
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw ClusterError(
                .conflict, "\(endpoint) is in use: stop the program that listens there, or choose another port for the probes")
        } catch let error as IOError where error.errnoCode == EADDRNOTAVAIL {
            throw ClusterError(.settings, "\(endpoint) is no address of this host: choose one that is")
        } catch {
            throw ClusterError(.io, "can't listen on \(endpoint)", cause: error)
        }
    }

    /// Stops listening, ends all connections and the thread.
    public func close() async {
        for channel in channels.withLock({ $0 }) { try? await channel.close().get() }
        try? await group.shutdownGracefully()
    }
}

struct HTTPServerLimits: Sendable {
    /// Connections at a time; more are closed at once.
    var connections = 64
    /// From a connection's start, or a request's first byte, to its end.
    var request = TimeAmount.seconds(10)
    /// Between two requests.
    var idle = TimeAmount.seconds(30)
}

final class ConnectionCounter: Sendable {
    private let count = Mutex(0)

    func enter(limit: Int) -> Bool {
        count.withLock { count in
            count += 1
            guard count > limit else { return true }
            count -= 1
            return false
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}

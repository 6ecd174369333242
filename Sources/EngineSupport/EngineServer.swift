public import ClusterCore
import HTTPClient
import Hummingbird
public import Logging
import NIOCore

/// An engine's HTTP server: hands each request, its body read, to one handler.
public struct EngineServer: Sendable {
    /// Where it listens; port 0 takes a free one.
    public let host: String
    /// 0–65535.
    public let port: Int
    private let bodyLimit: Int
    private let logger: Logger
    private let handler: EngineRouter.Handler

    /// Describes a server.
    /// - Parameters:
    ///   - bodyLimit: bytes that a request's body may have; more is answered with 413.
    ///   - logger: each answer is logged at debug.
    public init(
        host: String, port: Int, bodyLimit: Int = 16 << 20, logger: Logger, handler: @escaping EngineRouter.Handler
    ) {
        self.host = host
        self.port = port
        self.bodyLimit = bodyLimit
        self.logger = logger
        self.handler = handler
    }

    /// Serves until its task is cancelled.
    /// - Parameter onListening: called once with the port listened on.
    /// - Throws: `ClusterError` `.io`: the port is in use, or the address isn't this host's.
    public func run(onListening: @escaping @Sendable (Int) async -> Void = { _ in }) async throws(ClusterError) {
        var quiet = logger
        // It calls every stop an error.
        quiet.logLevel = .critical
        let application = Application(
            responder: Responder(bodyLimit: bodyLimit, logger: logger, handler: handler),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) }, logger: quiet)
        do {
            try await application.run()
        } catch is CancellationError {
            return
        } catch let error as IOError {
            throw Self.explain(error, host, port)
        } catch {
            if Task.isCancelled { return }
            throw ClusterError(.io, "the HTTP server on \(HostPort(host: host, port: port)) has failed", cause: error)
        }
    }

    private static func explain(_ error: IOError, _ host: String, _ port: Int) -> ClusterError {
        let place = HostPort(host: host, port: port)
        switch error.errnoCode {
        case 98: return ClusterError(.io, "port \(port) on \(host) is in use: stop what listens there (ss -ltnp), or choose another port")
        case 99: return ClusterError(.io, "\(host) is not an address of this host: choose one that is")
        case 13: return ClusterError(.io, "not allowed to listen on \(place): choose a port above 1023")
        default: return ClusterError(.io, "can't listen on \(place)", cause: error)
        }
    }
}

private struct EngineContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let peer: String?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress?.ipAddress
    }
}

private struct Responder: HTTPResponder {
    let bodyLimit: Int
    let logger: Logger
    let handler: EngineRouter.Handler

    func respond(to request: Request, context: EngineContext) async throws -> Response {
        var request = request
        let body: ByteBuffer
        do {
            body = try await request.collectBody(upTo: bodyLimit)
        } catch is NIOTooManyBytesError {
            return convert(.text("the body is larger than \(bodyLimit) bytes\n", status: 413), request)
        }
        let engineRequest = EngineRequest(
            method: request.method.rawValue, target: request.uri.string,
            headers: HTTPHeaders(request.headers.map { ($0.name.rawName, $0.value) }), body: Array(body.readableBytesView),
            peer: context.peer)
        let response = await handler(engineRequest)
        logger.debug("\(engineRequest.method) \(engineRequest.target) \(response.status) from \(context.peer ?? "?")")
        return convert(response, request)
    }

    private func convert(_ response: EngineResponse, _ request: Request) -> Response {
        var headers = HTTPFields()
        for item in response.headers.fields {
            guard let name = HTTPFields.Element.Name(item.name) else { continue }
            headers.append(HTTPFields.Element(name: name, value: item.value))
        }
        let isHead = request.method == .head
        let body: ResponseBody
        switch response.body {
        case .bytes(let bytes):
            headers[.contentLength] = String(bytes.count)
            body = isHead ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stream(let stream):
            guard !isHead else {
                stream.finish()
                body = ResponseBody()
                break
            }
            body = ResponseBody { writer in
                defer { stream.finish() }
                // Without this a client that went away would be noticed at the next write only.
                try await request.body.consumeWithInboundCloseHandler { _ in
                    for await chunk in stream.chunks { try await writer.write(ByteBuffer(bytes: chunk)) }
                } onInboundClosed: {
                    stream.finish()
                }
                try await writer.finish(nil)
            }
        }
        return Response(status: .init(code: response.status), headers: headers, body: body)
    }
}

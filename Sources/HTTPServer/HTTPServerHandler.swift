import NIOCore
import NIOHTTP1

/// One connection: at most one request at a time (NIO's pipelining handler sees to that).
final class HTTPServerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: HTTPServerLimits
    private let handler: HTTPServer.Handler
    private var head: HTTPRequestHead?
    private var hasBody = false
    private var timer: Scheduled<Void>?
    private var work: Task<Void, Never>?

    init(limits: HTTPServerLimits, handler: @escaping HTTPServer.Handler) {
        self.limits = limits
        self.handler = handler
    }

    func handlerAdded(context: ChannelHandlerContext) { startTimer(limits.request, context) }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        work?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            hasBody = false
            startTimer(limits.request, context)
        case .body:
            // A probe takes none: it is refused at once, so that it need not be read.
            if !hasBody, let head {
                hasBody = true
                timer?.cancel()
                write(.refusal(413, "a probe takes no body"), for: head, keepAlive: false, context)
            }
        case .end:
            guard let head, !hasBody else { return }
            self.head = nil
            timer?.cancel()
            answer(head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard head.method == .GET || head.method == .HEAD else {
            write(.refusal(405, "a probe answers GET and HEAD"), for: head, keepAlive: false, context)
            return
        }
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let request = HTTPServer.Request(path: String(parts.first ?? ""), query: parts.count > 1 ? String(parts[1]) : "")
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        work = Task { [handler] in
            let response = await handler(request)
            loop.execute {
                let (me, context) = bound.value
                me.work = nil
                guard context.channel.isActive else { return }
                me.write(response, for: head, keepAlive: head.isKeepAlive, context)
            }
        }
    }

    private func write(_ response: HTTPServer.Response, for request: HTTPRequestHead, keepAlive: Bool, _ context: ChannelHandlerContext) {
        var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: response.status))
        head.headers.add(name: "Content-Type", value: response.contentType)
        head.headers.add(name: "Content-Length", value: String(response.body.count))
        head.headers.add(name: "Cache-Control", value: "no-store")
        if response.status == 405 { head.headers.add(name: "Allow", value: "GET, HEAD") }
        head.headers.add(name: "Connection", value: keepAlive ? "keep-alive" : "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil) }
        let flushed = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        guard !keepAlive else {
            startTimer(limits.idle, context)
            return
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        flushed.whenComplete { _ in bound.value.close(promise: nil) }
    }

    private func startTimer(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) { bound.value.close(promise: nil) }
    }
}

extension HTTPServer.Response {
    fileprivate static func refusal(_ status: Int, _ reason: String) -> HTTPServer.Response {
        HTTPServer.Response(status: status, contentType: "text/plain", text: reason + "\n")
    }
}

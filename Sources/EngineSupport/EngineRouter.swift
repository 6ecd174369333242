import HTTPClient

/// Finds the handler of a request by method and path.
///
/// A pattern is a path whose segments are literal, `:name` (one segment, captured) or, as its last segment, `*name` (the rest, captured
/// with its slashes, may be empty). Literal segments win over `:name`, that over `*name`. Empty segments of a path are dropped before
/// matching, so `/v2/apps//web` and `/v2/apps/web` are the same.
public struct EngineRouter: Sendable {
    /// Answers a request.
    public typealias Handler = @Sendable (EngineRequest) async -> EngineResponse

    private struct Route: Sendable {
        let segments: [Segment]
        var handlers: [String: Handler]
    }
    private enum Segment: Sendable, Hashable {
        case literal(String), one(String), rest(String)
        var rank: Int {
            switch self {
            case .literal: 0
            case .one: 1
            case .rest: 2
            }
        }
    }
    private var routes: [Route] = []
    private let notFound: Handler

    /// A router without routes.
    /// - Parameter notFound: answers a path that no pattern matches; 404 without a body by default.
    public init(notFound: @escaping Handler = { _ in .empty(status: 404) }) { self.notFound = notFound }

    /// Adds a route.
    public mutating func on(_ methods: String..., at pattern: String, _ handler: @escaping Handler) {
        let segments = pattern.split(separator: "/").map { part -> Segment in
            if part.hasPrefix(":") { return .one(String(part.dropFirst())) }
            if part.hasPrefix("*") { return .rest(String(part.dropFirst())) }
            return .literal(String(part))
        }
        if let index = routes.firstIndex(where: { $0.segments == segments }) {
            for method in methods { routes[index].handlers[method] = handler }
        } else {
            routes.append(Route(segments: segments, handlers: Dictionary(methods.map { ($0, handler) }, uniquingKeysWith: { $1 })))
            routes.sort { left, right in left.segments.map(\.rank).lexicographicallyPrecedes(right.segments.map(\.rank)) }
        }
    }

    /// Answers a request: 404 for an unknown path, 405 with `Allow` for a method that the path has not. HEAD falls back to GET,
    /// OPTIONS is not answered by itself.
    public func respond(to request: EngineRequest) async -> EngineResponse {
        let parts = request.path.split(separator: "/").map { PercentEncoding.decode($0) }
        var allowed: Set<String> = []
        for route in routes {
            guard let captures = match(route.segments, parts) else { continue }
            guard let handler = route.handlers[request.method] ?? (request.method == "HEAD" ? route.handlers["GET"] : nil) else {
                allowed.formUnion(route.handlers.keys)
                continue
            }
            var request = request
            request.captures = captures
            return await handler(request)
        }
        guard allowed.isEmpty else { return .empty(status: 405, headers: ["Allow": allowed.sorted().joined(separator: ", ")]) }
        return await notFound(request)
    }

    private func match(_ segments: [Segment], _ parts: [String]) -> [String: String]? {
        var captures: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            switch segment {
            case .rest(let name):
                captures[name] = parts.dropFirst(index).joined(separator: "/")
                return captures
            case .literal(let text):
                guard index < parts.count, parts[index] == text else { return nil }
            case .one(let name):
                guard index < parts.count else { return nil }
                captures[name] = parts[index]
            }
        }
        return parts.count == segments.count ? captures : nil
    }
}

public import ClusterCore
import HTTPClient
import JSON

/// An entry of Consul's key/value store.
public struct KVEntry: Sendable, Hashable {
    /// Its key; no leading slash.
    public let key: String
    /// Its value, at most 512 KiB.
    public let value: [UInt8]
    /// For check-and-set.
    public let modifyIndex: UInt64
    /// The session that holds it, where it is a lock.
    public let session: String?
}

extension ConsulClient {
    /// The entry of that key; nil where there is none.
    public func value(of key: String) async throws(ClusterError) -> KVEntry? {
        guard let answer = try await call("GET", "/v1/kv/\(PercentEncoding.path(key))") else { return nil }
        return try Self.entries(answer).first
    }

    /// All entries whose keys begin with the prefix, sorted by key.
    public func values(under prefix: String) async throws(ClusterError) -> [KVEntry] {
        guard let answer = try await call("GET", "/v1/kv/\(PercentEncoding.path(prefix))", query: [("recurse", nil)]) else { return [] }
        return try Self.entries(answer)
    }

    /// Writes an entry.
    /// - Parameters:
    ///   - expecting: writes only where the entry still has this modify index; 0 means that there must be none.
    ///   - acquiring: takes the entry as a lock for this session.
    /// - Returns: false where the condition did not hold.
    @discardableResult public func setValue(
        _ value: [UInt8], of key: String, expecting: UInt64? = nil, acquiring session: String? = nil
    ) async throws(ClusterError) -> Bool {
        var query: [(String, String?)] = []
        if let expecting { query.append(("cas", String(expecting))) }
        if let session { query.append(("acquire", session)) }
        return try await require("PUT", "/v1/kv/\(PercentEncoding.path(key))", query: query, body: value).json().bool ?? false
    }

    /// Removes an entry, or all under a prefix.
    /// - Parameter expecting: removes a single entry only where it still has this modify index.
    public func removeValue(of key: String, recursively: Bool = false, expecting: UInt64? = nil) async throws(ClusterError) {
        var query: [(String, String?)] = recursively ? [("recurse", nil)] : []
        if let expecting { query.append(("cas", String(expecting))) }
        _ = try await require("DELETE", "/v1/kv/\(PercentEncoding.path(key))", query: query)
    }

    /// Makes a session, which must be renewed within its time to live (10 s – 24 h); its locks are released with it.
    public func createSession(name: String, ttl: Duration) async throws(ClusterError) -> String {
        let body = JSON.members(["Name": .string(name), "TTL": .string("\(ttl.milliseconds)ms"), "LockDelay": "0s"]).bytes()
        guard let id = try await require("PUT", "/v1/session/create", body: body).json()["ID"]?.string else {
            throw ClusterError(.invalid, "Consul made a session without an id")
        }
        return id
    }

    /// Renews a session.
    /// - Returns: false where it has expired.
    public func renewSession(_ id: String) async throws(ClusterError) -> Bool {
        try await call("PUT", "/v1/session/renew/\(PercentEncoding.component(id))") != nil
    }

    /// Ends a session.
    public func destroySession(_ id: String) async throws(ClusterError) {
        _ = try await require("PUT", "/v1/session/destroy/\(PercentEncoding.component(id))")
    }

    private static func entries(_ answer: Answer) throws(ClusterError) -> [KVEntry] {
        var entries: [KVEntry] = []
        for entry in try answer.json().array ?? [] {
            guard let key = entry["Key"]?.string, let value = Base64.decode(entry["Value"]?.string ?? "") else {
                throw ClusterError(.invalid, "Consul's key/value entry has no key, or its value is not base64")
            }
            let index = entry["ModifyIndex"]?.int.map { UInt64($0) } ?? 0
            entries.append(KVEntry(key: key, value: value, modifyIndex: index, session: entry["Session"]?.string))
        }
        return entries
    }
}
